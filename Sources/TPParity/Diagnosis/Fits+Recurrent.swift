extension Fits {
  /// The biases that the recorded sequence asks for.
  ///
  /// Given the recorded hidden state of the step before, each unit depends on nothing but its own four
  /// sums: so four numbers for each unit, found by least squares over all clips and steps.
  func recurrentBias(_ step: Int, _ stack: RecurrentStack) -> [Hypothesis] {
    guard step == segment.steps.count - 1, let lstm = stack.only else { return [] }
    let hidden = lstm.hidden
    var shifts = [Double](repeating: 0, count: 4 * hidden)
    var sequences: [(sums: [Double], outputs: [Double])] = []
    for clip in clips where clip.target.positions == nil {
      let before = Array(segment.steps[..<step])
      guard let input = segment.evaluate(before, clip.source, at: nil, judging: false),
        input.positions == nil, clip.target.extents == [input.extents[0], hidden]
      else { return [] }
      sequences.append((sums(lstm, input, clip.target), clip.target.values))
    }
    let observed = sequences.reduce(0) { $0 + $1.outputs.count / hidden }
    guard observed >= 8 else { return [] }
    var found = (0..<hidden).map { solve($0, hidden, sequences, from: [0, 0, 0, 0]) }
    let size = sequences.reduce(0) { $1.outputs.reduce($0) { max($0, abs($1)) } }
    let settled = 1e-6 * size * Double(observed).squareRoot()
    let stuck = found.indices.filter { !(found[$0].residual <= settled) }
    // Where a few units ended in a hollow of their own, other starts lead out of it; where many did,
    // no constant explains them.
    guard stuck.count * 4 <= hidden else { return [] }
    for unit in stuck {
      for start in Fits.starts where !(found[unit].residual <= settled) {
        let other = solve(unit, hidden, sequences, from: start)
        if other.residual < found[unit].residual { found[unit] = other }
      }
    }
    for unit in 0..<hidden {
      for gate in 0..<4 { shifts[gate * hidden + unit] = found[unit].shift[gate] }
    }
    let fitted = RecurrentStack(only: lstm) {
      $0.inputBias = zip(lstm.inputBias, shifts).map { $0 + $1 }
    }
    let missing = [("bias_ih", lstm.inputBias), ("bias_hh", lstm.hiddenBias)].filter {
      $0.1.allSatisfy { $0 == 0 }
    }.map(\.0)
    return [
      Hypothesis(
        fault: missing.isEmpty ? .otherWeights : .biasMissing, step: step,
        what: missing.isEmpty
          ? "the golden's biases are others: the sums of every gate differ by a constant"
          : "\(listed(missing)) of the weights \(missing.count == 1 ? "is" : "are") all zeros and the"
            + " golden has more: the sums of every gate differ by a constant",
        remedy: "export bias_ih_l0 and bias_hh_l0 of \(segment.target) both",
        steps: { _ in [.recurrent(fitted)] }, isFitted: true)
    ]
  }

  /// The sums of all gates at every step, from the recorded hidden state before it.
  private func sums(_ lstm: RecurrentStep, _ input: Field, _ target: Field) -> [Double] {
    let (steps, hidden, inputs) = (input.extents[0], lstm.hidden, lstm.inputs)
    var sums: [Double] = []
    for step in 0..<steps {
      for row in 0..<4 * hidden {
        var sum = lstm.inputBias[row] + lstm.hiddenBias[row]
        for place in 0..<inputs {
          sum += lstm.fromInput[row * inputs + place] * input.values[step * inputs + place]
        }
        if step > 0 {
          for place in 0..<hidden {
            sum +=
              lstm.fromHidden[row * hidden + place]
              * target.values[(step - 1) * hidden + place]
          }
        }
        sums.append(sum)
      }
    }
    return sums
  }

  private func predicted(
    _ unit: Int, _ hidden: Int, _ sums: [Double], _ shift: [Double]
  ) -> [Double] {
    var c = Noisy(0)
    return (0..<sums.count / (4 * hidden)).map { step in
      func gate(_ number: Int) -> Noisy {
        Noisy(sums[(step * 4 + number) * hidden + unit] + shift[number])
      }
      c = Noisy.sigmoid(gate(1)).times(c)
        .plus(Noisy.sigmoid(gate(0)).times(Noisy.tanh(gate(2))))
      return Noisy.sigmoid(gate(3)).times(Noisy.tanh(c)).value
    }
  }

  /// Signs of every kind, small and large.
  private static let starts: [[Double]] = [0.1, 1].flatMap { size in
    (0..<16).map { signs in (0..<4).map { signs >> $0 & 1 == 0 ? size : -size } }
  }

  /// Gauss-Newton with damping (Levenberg-Marquardt) on four unknowns.
  ///
  /// - Returns: the unknowns, and the root of the sum of squares that they leave.
  private func solve(
    _ unit: Int, _ hidden: Int, _ sequences: [(sums: [Double], outputs: [Double])],
    from start: [Double]
  ) -> (shift: [Double], residual: Double) {
    func residuals(_ shift: [Double]) -> [Double] {
      sequences.flatMap { sequence in
        predicted(unit, hidden, sequence.sums, shift).enumerated().map { step, value in
          sequence.outputs[step * hidden + unit] - value
        }
      }
    }
    var shift = start
    var current = residuals(shift)
    var error = current.reduce(0) { $0 + $1 * $1 }
    var damping = 1e-3
    for _ in 0..<400 where damping <= 1e12 {
      let columns = (0..<4).map { index -> [Double] in
        var (more, less) = (shift, shift)
        more[index] += 1e-5
        less[index] -= 1e-5
        return zip(residuals(less), residuals(more)).map { ($0 - $1) / 2e-5 }
      }
      var matrix = (0..<4).map { row in
        (0..<4).map { column in
          zip(columns[row], columns[column]).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
      let right = columns.map { zip($0, current).reduce(0) { $0 + $1.0 * $1.1 } }
      for index in 0..<4 { matrix[index][index] *= 1 + damping }
      guard let move = solved(matrix, right) else { break }
      let next = zip(shift, move).map { $0 + $1 }
      let tried = residuals(next)
      let size = tried.reduce(0) { $0 + $1 * $1 }
      if size < error {
        let gain = error - size
        (shift, current, error, damping) = (next, tried, size, damping / 10)
        if gain < 1e-9 * error && damping < 1e-6 || error < 1e-17 { break }
      } else {
        damping *= 10
      }
    }
    return (shift, error.squareRoot())
  }

  private func solved(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
    var (a, b) = (matrix, right)
    let n = b.count
    for column in 0..<n {
      let pivot = (column..<n).max { abs(a[$0][column]) < abs(a[$1][column]) } ?? column
      guard abs(a[pivot][column]) > 1e-300 else { return nil }
      a.swapAt(column, pivot)
      b.swapAt(column, pivot)
      for row in column + 1..<n {
        let factor = a[row][column] / a[column][column]
        for place in column..<n { a[row][place] -= factor * a[column][place] }
        b[row] -= factor * b[column]
      }
    }
    for row in (0..<n).reversed() {
      for place in row + 1..<n { b[row] -= a[row][place] * b[place] }
      b[row] /= a[row][row]
    }
    return b
  }
}
