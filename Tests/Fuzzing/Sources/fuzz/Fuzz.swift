import Foundation
import TPBytes
import TPNumPy
import TPPickle
import TPSafeTensors
import TPTensors
import TPTorchFiles
import TPZip

/// The parser that this process fuzzes: `TORCHPORT_PARSER`.
private let parser = ProcessInfo.processInfo.environment["TORCHPORT_PARSER"] ?? "pickle"

/// What one input may ask for; small inputs that ask for gigabytes are refused by the default limits
/// of real reading too, only later.
private let limits: ReadLimits = {
  var limits = ReadLimits()
  limits.objects = 200_000
  limits.members = 10_000
  limits.pickleBytes = 1 << 24
  limits.headerBytes = 1 << 22
  limits.materialisedBytes = 1 << 24
  return limits
}()

/// What libFuzzer calls with every input it makes. It ends the process where one takes more than two
/// seconds of the processor: libFuzzer's own timeout is of the wall, where a busy machine looks slow.
private func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let began = clock()
  parse(SharedBytes(Array(UnsafeBufferPointer(start: start, count: count))))
  precondition((clock() - began) / CLOCKS_PER_SEC < 2, "two seconds of processor time")
  return 0
}

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager renames the main function of an executable to this.
@_cdecl("fuzz_main")
public func fuzzMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments, test)
}

private func parse(_ file: SharedBytes) {
  switch parser {
  case "pickle": _ = try? PickleMachine.run(file.bytes, limits: limits)
  case "zip":
    guard let archive = try? ZipArchive(file, limits: limits) else { return }
    _ = archive.verify()
  case "torch": use(try? TorchFile.read(file, limits: limits))
  case "repacked": use(try? TorchFile.read(repacked(file), limits: limits))
  case "legacy": use(try? TorchFile.readLegacy(file, limits: limits))
  case "tar": use(try? TorchFile.readTar(file, limits: limits))
  case "plain": use(try? TorchFile.readPickle(file, limits: limits))
  case "recover":
    guard let recovery = try? TorchFile.recoverZip(file, limits: limits) else { return }
    for entry in recovery.entries.prefix(20) { use(entry.record.tensor) }
  case "safetensors": use(try? SafeTensors.read(file, limits: limits))
  case "npy": use(try? NumPyFile.readArray(file, limits: limits))
  case "npz": use(try? NumPyFile.readArchive(file, limits: limits))
  case "json": _ = try? JSONValue(parsing: file.bytes)
  default: preconditionFailure("no parser \(parser)")
  }
}

private func use(_ checkpoint: Checkpoint?) {
  guard let checkpoint else { return }
  for record in checkpoint.tensors.prefix(50) { use(record.tensor) }
  _ = checkpoint.verifyChecksums()
}

private func use(_ tensor: Tensor) {
  if (tensor.byteCount ?? .max) < 1 << 20 { _ = try? tensor.contiguousBytes(limits: limits) }
}

/// A zip checkpoint around a pickle, with right checksums and storages 0 to 3 of 64 bytes each: no
/// fuzzer guesses a checksum.
private func repacked(_ pickle: SharedBytes) -> SharedBytes {
  var members: [(String, [UInt8])] = [("a/data.pkl", pickle.region.array())]
  members.append(("a/byteorder", Array("little".utf8)))
  for key in 0..<4 { members.append(("a/data/\(key)", [UInt8](repeating: 1, count: 64))) }
  members.append(("a/version", Array("3\n".utf8)))
  return SharedBytes(TestZip.archive(members))
}
