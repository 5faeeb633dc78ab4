/// The largest singular value of a matrix, by Lanczos on its Gram matrix in float64 with full
/// reorthogonalisation (Golub and Van Loan, Matrix Computations, 10.1), until a step adds no more than
/// a relative 1e-15 to its square, at most 300 steps.
enum SpectralNorm {
  /// - Parameter values: row-major.
  /// - Returns: `nil` where a value is not finite.
  static func of(_ values: [Double], rows: Int) -> Double? {
    guard rows > 0, !values.isEmpty else { return 0 }
    let largest = values.reduce(0) { max($0, $1.isFinite ? abs($1) : .infinity) }
    guard largest.isFinite else { return nil }
    if largest == 0 { return 0 }
    let columns = values.count / rows
    // Scaled by powers of two, which is exact, so that no square leaves float64: by two of them, because
    // the one that takes a denormal number to 1 is infinite.
    let exponent = -largest.exponent
    let (first, second) = (power(exponent / 2), power(exponent - exponent / 2))
    let matrix = values.map { $0 * first * second }
    return lanczos(matrix, rows, columns).squareRoot() / first / second
  }

  private static func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }

  private static func lanczos(_ matrix: [Double], _ rows: Int, _ columns: Int) -> Double {
    var basis: [[Double]] = []
    // Not orthogonal to any singular vector but by chance, and the same in every run.
    var seed: UInt64 = 0x9E37_79B9_7F4A_7C15
    var vector = (0..<columns).map { _ -> Double in
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Int64(bitPattern: seed) >> 11) * 0x1p-52
    }
    var (diagonal, beside): ([Double], [Double]) = ([], [])
    var best = 0.0
    for _ in 0..<min(columns, 300) {
      let norm = dot(vector, vector).squareRoot()
      if norm <= 1e-14 * max(best, 1e-300).squareRoot(), !basis.isEmpty { break }
      if !basis.isEmpty { beside.append(norm) }
      for index in vector.indices { vector[index] /= norm }
      basis.append(vector)
      var next = gram(matrix, rows, columns, vector)
      diagonal.append(dot(vector, next))
      for _ in 0..<2 {
        for own in basis {
          let share = dot(own, next)
          for index in next.indices { next[index] -= share * own[index] }
        }
      }
      let value = largest(diagonal, beside)
      let isDone = value - best <= 1e-15 * value && diagonal.count > 2
      best = value
      if isDone { break }
      vector = next
    }
    return best
  }

  /// A^T (A x).
  private static func gram(
    _ matrix: [Double], _ rows: Int, _ columns: Int, _ vector: [Double]
  ) -> [Double] {
    var result = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      let start = row * columns
      var sum = 0.0
      for column in 0..<columns { sum += matrix[start + column] * vector[column] }
      if sum == 0 { continue }
      for column in 0..<columns { result[column] += sum * matrix[start + column] }
    }
    return result
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  /// The largest eigenvalue of a symmetric tridiagonal matrix, by bisection over Sturm's count.
  private static func largest(_ diagonal: [Double], _ beside: [Double]) -> Double {
    var high = 0.0
    for index in diagonal.indices {
      let left = index > 0 ? abs(beside[index - 1]) : 0
      let right = index < beside.count ? abs(beside[index]) : 0
      high = max(high, diagonal[index] + left + right)
    }
    var low = diagonal.max() ?? 0
    for _ in 0..<120 {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { break }
      var pivot = diagonal[0] - middle
      var isAbove = pivot <= 0
      for index in diagonal.indices.dropFirst() where isAbove {
        let next = beside[index - 1]
        pivot = diagonal[index] - middle - next * next / (pivot == 0 ? -1e-300 : pivot)
        isAbove = pivot <= 0
      }
      if isAbove { high = middle } else { low = middle }
    }
    return high
  }
}
