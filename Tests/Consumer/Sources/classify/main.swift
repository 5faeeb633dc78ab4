// The app side: weights, frames, a class. No Foundation.
//   classify model.safetensors frames.raw WIDTH HEIGHT
// frames.raw: frames of WIDTH x HEIGHT bytes, one after another, as a camera's luma plane gives them.
import LipReading
import TPBytes

let arguments = CommandLine.arguments
guard arguments.count == 5, let width = Int(arguments[3]), let height = Int(arguments[4]),
  width > 0, height > 0
else { fatalError("usage: classify WEIGHTS FRAMES WIDTH HEIGHT") }

do {
  let reader = try LipReader(path: arguments[1])
  let bytes = try SharedBytes(path: arguments[2]).region.array()
  let size = width * height
  let frames = try stride(from: 0, through: bytes.count - size, by: size).map { start in
    try GrayFrame(
      bytes.span.extracting(start..<start + size), width: width, height: height, format: .gray)
  }

  // A recorded clip.
  let seen = try reader.classify(reader.clip(frames: frames))
  for (name, probability) in zip(reader.classes ?? [], seen.probabilities) {
    print(name, probability)
  }
  print("clip:", seen.className ?? "class \(seen.index)")

  // A live stream of the same frames.
  var window = try LipReader.Window(reader, stride: 4)
  for frame in frames {
    if let seen = try window.add(frame) {
      print("frame \(window.count):", seen.className ?? "class \(seen.index)")
    }
  }
} catch {
  print(error)
}
