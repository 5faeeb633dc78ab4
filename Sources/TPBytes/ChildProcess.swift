#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

internal import Synchronization

/// A process of ours for work that may take a process down, and the socket by which it is asked: its
/// standard input, read and written. It is killed at the end of this value's life.
package struct ChildProcess: ~Copyable {
  private let process: pid_t
  private var ending: Ending?
  /// Our end of the socket.
  package let channel: Channel

  /// Starts an executable; what it prints goes nowhere.
  ///
  /// - Parameters:
  ///   - executable: the path of the file; nothing is searched for.
  ///   - arguments: without the name of the program.
  /// - Throws: `PortError` where no process can be started.
  package init(executable: String, arguments: [String]) throws(PortError) {
    let pair = try Channel.pair()
    let (process, code) = Self.spawn(
      executable, arguments, environment: Self.environment,
      streams: [pair.theirs.descriptor, nil, nil])
    guard code == 0 else {
      throw PortError(
        .inputOutput, "cannot start a process of its own to read it: \(systemMessage(code))",
        remedy: "allow this program to start itself")
    }
    self.process = process
    channel = pair.ours
  }

  deinit {
    if ending == nil {
      kill(process, SIGKILL)
      var status: Int32 = 0
      while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
  }

  /// Ends the process and says how it had ended by itself: `nil` if it was still alive.
  package mutating func end() -> Ending? {
    if let ending { return ending }
    // The socket closes a moment before the process is gone.
    for _ in 0..<200 {
      var status: Int32 = 0
      if unsafe waitpid(process, &status, WNOHANG) == process {
        ending = Ending(waitStatus: status)
        return ending
      }
      usleep(1_000)
    }
    kill(process, SIGKILL)
    return nil
  }

  /// How a process ended.
  package enum Ending: Hashable, Sendable, CustomStringConvertible {
    /// By itself.
    case status(Int32)
    /// By a signal, for example 11 after an access to memory that it does not have.
    case signal(Int32)

    init(waitStatus: Int32) {
      let signal = waitStatus & 0x7F
      self = signal == 0 ? .status(waitStatus >> 8 & 0xFF) : .signal(signal)
    }

    /// `signal 11, Segmentation fault` or `status 1`.
    package var description: String {
      switch self {
      case .status(let status): return "status \(status)"
      case .signal(let number):
        guard let words = unsafe strsignal(number) else { return "signal \(number)" }
        return "signal \(number), \(unsafe String(cString: words))"
      }
    }

    /// Whether it used up its processor time.
    package var isOutOfTime: Bool { self == .signal(SIGXCPU) }
  }

  /// Starts an executable with three streams; no other descriptor of ours is left open in it.
  ///
  /// - Parameter streams: what it gets as standard input, output and errors; `nil` for nothing.
  /// - Returns: its number, and the system's error number, which is 0 where it runs.
  static func spawn(
    _ executable: String, _ arguments: [String], environment: [String], streams: [Int32?]
  ) -> (process: Int32, code: Int32) {
    var actions = unsafe Self.noActions()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in streams.enumerated() {
      if let stream {
        unsafe posix_spawn_file_actions_adddup2(&actions, stream, Int32(number))
      } else {
        unsafe posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", O_RDWR, 0)
      }
    }
    var attributes = Self.noAttributes()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // A signal that our own parent ignores, SIGXCPU above all, must end the child nevertheless.
    var (every, none) = (sigset_t(), sigset_t())
    unsafe sigfillset(&every)
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &every)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    var process = pid_t()
    let code = unsafe withCStrings([executable] + arguments) { argv in
      unsafe withCStrings(environment) { environment -> Int32 in
        guard let argv = unsafe argv, let environment = unsafe environment else { return EINVAL }
        return descriptorTurn.withLock { _ in
          unsafe posix_spawn(&process, executable, &actions, &attributes, argv, environment)
        }
      }
    }
    return (process, code)
  }

  /// What the process gets of our environment: where its loader finds the libraries, and what the
  /// sanitizers are told.
  static var environment: [String] {
    let names = [
      "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH", "ASAN_OPTIONS",
      "UBSAN_OPTIONS", "LSAN_OPTIONS",
    ]
    return names.compactMap { name in
      unsafe getenv(name).map { unsafe name + "=" + String(cString: $0) }
    }
  }

  #if canImport(Darwin)
    private static func noActions() -> posix_spawn_file_actions_t? { nil }
    private static func noAttributes() -> posix_spawnattr_t? { nil }
  #else
    private static func noActions() -> posix_spawn_file_actions_t {
      unsafe posix_spawn_file_actions_t()
    }
    private static func noAttributes() -> posix_spawnattr_t { posix_spawnattr_t() }
  #endif
}

/// Bounds that a process puts on itself before it does what may go wrong.
package enum ProcessBounds {
  /// Bounds the processor time and memory from now on, writes nothing to files and leaves no core.
  ///
  /// - Parameters:
  ///   - seconds: further seconds of processor time; the process is then ended by SIGXCPU.
  ///   - addressSpace: bytes in all; more is refused where memory is asked for.
  package static func set(seconds: Int, addressSpace: Int) {
    #if canImport(Glibc)
      let process = RUSAGE_SELF.rawValue
    #else
      let process = RUSAGE_SELF
    #endif
    var usage = rusage()
    _ = unsafe getrusage(process, &usage)
    let used = Int(usage.ru_utime.tv_sec) + Int(usage.ru_stime.tv_sec) + 1
    lower(RLIMIT_CPU, to: used + seconds)
    lower(RLIMIT_CORE, to: 0)
    lower(RLIMIT_FSIZE, to: 0)
    // The sanitizers reserve far more address space than they use.
    if unsafe getenv("ASAN_OPTIONS") == nil { lower(RLIMIT_AS, to: addressSpace) }
  }

  #if canImport(Glibc)
    private typealias Resource = __rlimit_resource
  #else
    private typealias Resource = Int32
  #endif

  /// Sets the soft bound, within the hard one, which stays.
  private static func lower(_ resource: Resource, to value: Int) {
    var bounds = rlimit()
    guard unsafe getrlimit(number(resource), &bounds) == 0 else { return }
    bounds.rlim_cur = min(rlim_t(clamping: value), bounds.rlim_max)
    _ = unsafe setrlimit(number(resource), &bounds)
  }

  #if canImport(Glibc)
    private static func number(_ resource: Resource) -> __rlimit_resource_t {
      __rlimit_resource_t(resource.rawValue)
    }
  #else
    private static func number(_ resource: Resource) -> Int32 { resource }
  #endif
}

/// Lends texts as the array of pointers, ended by a null, that C functions take.
private func withCStrings<Result>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
) -> Result {
  var pointers = unsafe texts.map { unsafe strdup($0) }
  unsafe pointers.append(nil)
  defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
  return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
}

/// The path of the file that this process runs.
package func executablePath() -> String {
  #if canImport(Darwin)
    var size: UInt32 = 4096
    var path = [CChar](repeating: 0, count: Int(size))
    if unsafe _NSGetExecutablePath(&path, &size) == 0 {
      return String(
        decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  #else
    // A link of the kernel's, right even when the file was replaced meanwhile.
    let link = "/proc/self/exe"
    if unsafe access(link, X_OK) == 0 { return link }
  #endif
  return CommandLine.arguments.first ?? ""
}
