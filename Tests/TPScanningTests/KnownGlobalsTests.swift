import TPScanning
import Testing

/// The list is exact: neither dots, nor case, nor look-alikes, nor neighbours of a known name pass.
@Suite struct KnownGlobalsTests {
  @Test(arguments: [
    ("torch._utils", "_rebuild_tensor_v2"), ("torch", "FloatStorage"), ("torch", "float8_e4m3fn"),
    ("collections", "OrderedDict"), ("numpy._core.multiarray", "_reconstruct"),
    ("__builtin__", "set"), ("_codecs", "encode"), ("torch.nn.modules.conv", "Conv3d"),
  ])
  func known(module: String, name: String) {
    #expect(KnownGlobals.standing(module: module, name: name) == .known)
  }

  @Test(arguments: [
    ("torch", "_utils._rebuild_tensor_v2"), ("torch._utils._rebuild_tensor_v2", ""),
    ("torch._utils ", "_rebuild_tensor_v2"), ("Torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils_evil", "_rebuild_tensor_v2"), ("evil.torch._utils", "_rebuild_tensor_v2"),
    ("collections", "OrderedDict.fromkeys"), ("", ""), ("my_project", "Net"),
    ("builtins", "print"), ("torch.nn.modules.loss", "\u{212A}LDivLoss"),
  ])
  func unknown(module: String, name: String) {
    #expect(KnownGlobals.standing(module: module, name: name) == .unknown)
  }

  @Test(arguments: [
    ("os", "system"), ("os.path", "join"), ("posix", "system"), ("nt", "system"),
    ("builtins", "eval"), ("__builtin__", "apply"), ("builtins", "getattr"),
    ("torch.storage", "os.system"), ("collections", "abc.sys.modules"), ("torch.hub", "load"),
    ("torch", "load"), ("torch.jit", "load"), ("asyncio.unix_events", "_start"),
    ("numpy", "load"), ("operator", "attrgetter"), ("functools", "partial"),
    ("torch", "serialization.load"), ("importlib.metadata", "x"),
  ])
  func dangerous(module: String, name: String) {
    #expect(KnownGlobals.standing(module: module, name: name) == .dangerous)
  }
}
