extension Layer.Convolution {
  /// Where each element of the padded input comes from, -1 for a zero; `nil` without padding.
  ///
  /// - Parameter input: (channels, depth, height, width).
  /// - Precondition: there are three axes, and the padding has been checked.
  func paddingOrder(_ input: [Int]) -> [Int32]? {
    if padding.allSatisfy({ $0 == 0 }), paddingAfter.allSatisfy({ $0 == 0 }) { return nil }
    let places = (0..<3).map { axis in
      let extent = input[axis + 1]
      return (-padding[axis]..<extent + paddingAfter[axis]).map { source($0, extent) }
    }
    let plane = input[2] * input[3]
    var order: [Int32] = []
    order.reserveCapacity(paddedExtents(input).reduce(1, *))
    for channel in 0..<input[0] {
      for z in places[0] {
        for y in places[1] {
          let row = (channel * input[1] + z) * plane + y * input[3]
          for x in places[2] { order.append(z < 0 || y < 0 || x < 0 ? -1 : Int32(row + x)) }
        }
      }
    }
    return order
  }

  /// (channels, depth, height, width) with the padding.
  func paddedExtents(_ input: [Int]) -> [Int] {
    [input[0]] + (0..<3).map { input[$0 + 1] + padding[$0] + paddingAfter[$0] }
  }

  private func source(_ place: Int, _ extent: Int) -> Int {
    if place >= 0 && place < extent { return place }
    return switch border {
    case .zeros: -1
    case .replicate: place < 0 ? 0 : extent - 1
    case .reflect: place < 0 ? -place : 2 * (extent - 1) - place
    case .circular: (place + extent) % extent
    }
  }
}
