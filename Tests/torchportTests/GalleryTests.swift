import Foundation
import TPBytes
import TestSupport
import Testing

/// `torchport inspect --json --digest` on every file of fixtures/gallery, against its README's rules.
@Suite struct GalleryTests {
  static let folder = fixture("gallery/files") + "/"
  static let entries: [JSONValue] = {
    let text = try? String(contentsOfFile: fixture("gallery/expected.json"), encoding: .utf8)
    return text.flatMap { try? JSONValue(parsing: $0) }?.array ?? []
  }()

  @Test func theGalleryIsThere() {
    #expect(Self.entries.count > 590)
  }

  @Test(arguments: Set(entries.compactMap { $0["file"]?.string?.prefix { $0 != "/" } }).sorted())
  func inspect(_ part: Substring) throws {
    for entry in Self.entries {
      let file = try #require(entry["file"]?.string)
      guard file.hasPrefix(part + "/") else { continue }
      let run = try torchport("inspect", Self.folder + file, "--json", "--digest")
      let json = try #require(run.json, "\(file): \(run.output) \(run.errors)")
      let outcome = try #require(entry["inspect"])
      let complaints = (outcome["either"]?.array ?? [outcome]).map {
        Expectation($0).complaints(Int(run.status), json)
      }
      #expect(complaints.contains([]), "\(file): \(complaints)")
    }
  }

  /// What is printed about them is what docs/json says.
  @Test func schema() throws {
    let schemas = packageRoot.appendingPathComponent("docs/json")
    var files: [String: JSONValue] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: schemas.path) {
      files[name] = try JSONValue(
        parsing: String(contentsOf: schemas.appendingPathComponent(name), encoding: .utf8))
    }
    let schema = JSONSchema(files: files)
    for file in [
      "dtypes/nested.pth", "dtypes/sparse_coo.pth", "dtypes/meta.pth", "values/numpy.pth",
      "sharded/complete/pytorch_model.bin.index.json", "damaged/legacy_cut_storage.pth",
    ] {
      let run = try torchport("inspect", Self.folder + file, "--json", "--digest")
      #expect(schema.findings(try #require(run.json), file: "inspect.json") == [], "\(file)")
    }
  }
}

/// One of the outcomes that the gallery allows.
struct Expectation {
  let outcome: JSONValue

  init(_ outcome: JSONValue) { self.outcome = outcome }

  /// What a run does otherwise; empty where it does as it should.
  func complaints(_ status: Int, _ json: JSONValue) -> [String] {
    guard outcome["status"]?.int == status else {
      return ["status \(status): \(json["error"]?["message"]?.string ?? "")"]
    }
    return status == 0 ? contents(json) : failure(json)
  }

  /// One value, or any of a list.
  private func allowed(_ key: String) -> [JSONValue] {
    outcome[key].map { $0.array ?? [$0] } ?? []
  }

  private func failure(_ json: JSONValue) -> [String] {
    guard let error = json["error"], let members = error.members else {
      let mismatched = json["checksums"]?["mismatched"]?.array?.compactMap(\.string) ?? []
      let wanted = outcome["mismatched"]?.array?.compactMap(\.string)
      let found = mismatched.map { $0.drop { $0 != "/" }.dropFirst() }
      return wanted.map { $0.sorted() == found.map(String.init).sorted() } == true
        || allowed("kind").contains("checksum") && !mismatched.isEmpty
        ? [] : ["no error"]
    }
    var complaints: [String] = []
    if let kind = error["kind"], !allowed("kind").contains(kind) {
      complaints.append("kind \(kind): \(error["message"]?.string ?? "")")
    }
    let text = members.compactMap { $0.value.string ?? $0.value.int.map { String($0) } }
      .joined(separator: " ").lowercased()
    for word in allowed("says").compactMap(\.string) where !text.contains(word.lowercased()) {
      complaints.append("does not say \(word): \(text)")
    }
    return complaints
  }

  private func contents(_ json: JSONValue) -> [String] {
    var complaints: [String] = []
    if let container = json["container"], !allowed("container").contains(container) {
      complaints.append("container \(container)")
    }
    // The parts of sparse, nested and quantized tensors may be listed besides.
    var found = (json["tensors"]?.array ?? []).filter { row in
      row["path"]?.array?.contains { $0.string?.hasPrefix("<") == true } != true
    }
    let rows = outcome["tensors"]?.array ?? []
    if outcome["order"] == false || outcome["more_tensors"] == true {
      for row in rows {
        if let place = found.firstIndex(where: { differences($0, row, json).isEmpty }) {
          found.remove(at: place)
        } else {
          complaints.append("no tensor is \(row)")
        }
      }
      if outcome["more_tensors"] != true, !found.isEmpty { complaints.append("more: \(found)") }
    } else {
      if found.count != rows.count {
        complaints.append("\(found.count) tensors instead of \(rows.count)")
      }
      for (one, row) in zip(found, rows) { complaints += differences(one, row, json) }
    }
    for array in outcome["arrays"]?.array ?? [] {
      let same = json["arrays"]?.array?.first { $0["path"] == array["path"] }
      for key in ["dtype", "shape", "sha256"] where same?[key] != array[key] {
        complaints.append("array \(array): \(key)")
      }
    }
    for member in outcome["metadata"]?.members ?? [] {
      let value = json["metadata"].flatMap { find(member.key, in: $0) }
      if value != member.value { complaints.append("metadata \(member.key): \(value ?? .null)") }
    }
    if let aliases = outcome["aliases"], aliases != json["aliases"] { complaints.append("aliases") }
    if outcome["checksums"] == "absent", json["checksums"]?["absent"]?.int ?? 0 == 0 {
      complaints.append("checksums \(json["checksums"] ?? .null)")
    }
    return complaints
  }

  private func differences(_ found: JSONValue, _ row: JSONValue, _ json: JSONValue) -> [String] {
    var keys: [String] = []
    for key in ["name", "path", "dtype", "shape", "stride"] {
      guard let wanted = row[key], wanted != .null, wanted != found[key] else { continue }
      // A path of TorchScript: by attributes, or by the keys of the state_dict.
      if key == "path", json["container"] == "torchscript-zip" { continue }
      keys.append(key)
    }
    if let offset = row["offset"], offset != .null,
      !(offset.array ?? [offset]).contains(found["offset"] ?? .null)
    {
      keys.append("offset")
    }
    if (row["layout"] ?? "strided") != (found["layout"] ?? "strided") { keys.append("layout") }
    if row["requires_grad"] == true, found["requires_grad"] != true { keys.append("requires_grad") }
    // What a file without checksums holds may have no defined content, and has a digest all the same.
    let isUndefined = row["sha256"] == .null && outcome["checksums"] == "absent"
    if row["sha256"] != found["sha256"], !isUndefined { keys.append("sha256") }
    if let wanted = row["dequantized_sha256"], wanted != found["dequantized_sha256"] {
      keys.append("dequantized_sha256")
    }
    return keys.map { "\(row["name"]?.string ?? "?"): \($0) \(found[$0] ?? .null)" }
  }

  /// The value at keys joined by dots, which may be in the keys themselves.
  private func find(_ path: String, in value: JSONValue) -> JSONValue? {
    if path.isEmpty { return value }
    if let elements = value.array {
      let index = path.prefix { $0 != "." }
      guard let place = Int(index), elements.indices.contains(place) else { return nil }
      return find(String(path.dropFirst(index.count + 1)), in: elements[place])
    }
    for member in value.members ?? [] {
      if member.key == path { return member.value }
      guard path.hasPrefix(member.key + ".") else { continue }
      let rest = String(path.dropFirst(member.key.count + 1))
      if let found = find(rest, in: member.value) { return found }
    }
    return nil
  }
}
