/// What is known to run code, or to read or write outside of the process.
///
/// It only sharpens a verdict: what is not on the list of ``KnownGlobals`` is suspicious whether it
/// stands here or not, so a gap in this list lets nothing through.
enum CodeExecution {
  /// Whether importing or calling it may run code.
  static func covers(module: String, name: String) -> Bool {
    var prefix = ""
    for part in module.split(separator: ".", omittingEmptySubsequences: false) {
      prefix += (prefix.isEmpty ? "" : ".") + part
      // A name of a million parts has no more prefixes that could be on a list than any other.
      if prefix.utf8.count > longestPath { break }
      if wholeModules.contains(prefix) { return true }
    }
    if functions[module]?.contains(name) == true { return true }
    // A dotted name is a chain of attributes: `torch.storage` + `os.system` reaches os.system.
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.count > 1 {
      var path = module
      for place in parts.indices {
        if wholeModules.contains(parts[place]) { return true }
        if path.utf8.count <= longestPath {
          if functions[path]?.contains(parts[place]) == true { return true }
          path += "." + parts[place]
          if wholeModules.contains(path) { return true }
        }
        if place > 0, functions[parts[place - 1]]?.contains(parts[place]) == true { return true }
      }
      if let last = parts.last, functions["builtins"]?.contains(last) == true { return true }
    }
    return false
  }

  /// Every module on the lists.
  static var modules: [String] { Array(wholeModules) + Array(functions.keys) }

  /// No path of a module on these lists has more bytes.
  private static let longestPath = 100

  /// Modules of which nothing is harmless, with all their submodules.
  private static let wholeModules = words(
    """
    os posix nt posixpath ntpath subprocess sys runpy pty tty socket socketserver ssl select \
    selectors shutil ctypes _ctypes cffi importlib imp _imp pydoc pydoc_data pdb bdb code codeop \
    timeit trace profile cProfile hotshot pickle _pickle cPickle pickletools dill cloudpickle joblib \
    marshal shelve webbrowser distutils setuptools pkg_resources pip ensurepip venv \
    pkgutil zipimport zipfile tarfile asyncio multiprocessing _multiprocessing \
    concurrent signal _signal platform commands popen2 ftplib smtplib smtpd telnetlib imaplib \
    poplib nntplib urllib urllib2 urllib3 urlparse httplib http requests httpx aiohttp xmlrpc \
    xmlrpclib tempfile _pyio fileinput linecache mmap fcntl inspect operator \
    _operator atexit sched site sitecustomize usercustomize doctest unittest test lib2to3 idlelib \
    tkinter turtle turtledemo antigravity sqlite3 _sqlite3 dbm winreg _winreg msvcrt _winapi \
    _posixsubprocess _osx_support _aix_support _pyrepl _bootsubprocess readline rlcompleter \
    cgi cgitb wsgiref pexpect paramiko fabric sh git docker IPython ipykernel \
    pandas.io pandas.core.computation \
    torch.hub torch.jit torch.package torch.utils.cpp_extension torch.utils.collect_env \
    torch.utils.bottleneck torch.utils._config_module torch.utils.data.datapipes torch.utils.model_zoo \
    torch.utils.mobile_optimizer torch.multiprocessing torch.distributed.rpc torch.distributed.run \
    torch.distributed.launcher torch.distributed.elastic torch._dynamo \
    torch._inductor torch._functorch torch._export torch.export torch.fx torch.testing torch.onnx \
    torch.ops torch._ops torch._classes torch.classes torch.library torch.cuda.jiterator \
    torch.profiler torch.compiler \
    numpy.f2py numpy.testing numpy.distutils numpy.lib.npyio numpy.lib._npyio_impl numpy.ctypeslib \
    numpy.lib.format numpy.lib._datasource
    """)

  /// Functions of modules that are otherwise harmless.
  private static let functions: [String: Set<String>] = {
    let builtins = words(
      """
      eval exec execfile compile __import__ getattr setattr delattr hasattr vars globals locals dir \
      open file input raw_input apply breakpoint exit quit help map filter memoryview type super \
      reload copyright credits license classmethod staticmethod property __build_class__ __loader__ \
      __spec__ print
      """)
    // The last four call nothing by themselves.
    let runs = builtins.subtracting(["print", "hasattr", "memoryview", "dir"])
    return [
      "builtins": runs, "__builtin__": runs, "__builtins__": runs,
      "io": words("open open_code FileIO OpenWrapper"), "_io": words("open open_code FileIO"),
      "types": words("FunctionType LambdaType CodeType MethodType ModuleType"),
      "_thread": words("start_new_thread start_new"), "thread": words("start_new_thread"),
      "threading": words("Thread Timer"),
      "pandas": words("read_pickle eval read_csv read_json"),
      "yaml": words("load unsafe_load full_load load_all"),
      "functools": words("partial partialmethod reduce singledispatch cached_property"),
      "codecs": words("open EncodedFile"),
      "_codecs": words("lookup register"),
      "logging": words("FileHandler"),
      "logging.config": words("dictConfig fileConfig listen"),
      "logging.handlers": words("SocketHandler HTTPHandler SMTPHandler RotatingFileHandler"),
      "uuid": words("_get_command_stdout _popen"),
      "pathlib": words("os io"),
      "torch": words("load save compile"),
      "torch.serialization": words("load save _load _legacy_load _open_file"),
      "torch._C": words(
        "_jit_script_compile import_ir_module PyTorchFileReader PyTorchFileWriter ScriptModule"),
      "torch.storage": words("_load_from_file from_file"),
      "numpy": words("load save savez memmap fromfile loadtxt genfromtxt f2py ctypeslib"),
      "numpy.core": words("memmap"),
    ]
  }()

  private static func words(_ text: String) -> Set<String> {
    Set(text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
  }
}
