/// Sums for a fit of y = a u + b v.
struct NormalEquations {
  private var uu = 0.0
  private var uv = 0.0
  private var vv = 0.0
  private var uy = 0.0
  private var vy = 0.0

  mutating func add(_ u: Double, _ v: Double, _ y: Double) {
    uu += u * u
    uv += u * v
    vv += v * v
    uy += u * y
    vy += v * y
  }

  mutating func add(_ other: NormalEquations) {
    uu += other.uu
    uv += other.uv
    vv += other.vv
    uy += other.uy
    vy += other.vy
  }

  var solution: (scale: Double, shift: Double)? {
    let determinant = uu * vv - uv * uv
    guard uu > 0 else { return nil }
    guard determinant > 1e-12 * uu * vv else { return (uy / uu, 0) }
    let found = ((uy * vv - vy * uv) / determinant, (vy * uu - uy * uv) / determinant)
    return found.0 == 0 || !found.0.isFinite || !found.1.isFinite ? nil : found
  }
}
