#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// How many columns a report on stdout may have: those that COLUMNS says, else the terminal's, else 80.
func terminalWidth() -> Int {
  if let text = unsafe getenv("COLUMNS").map({ unsafe String(cString: $0) }),
    let columns = Int(text), columns > 0
  {
    return columns
  }
  var size = winsize()
  guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
  return Int(size.ws_col)
}
