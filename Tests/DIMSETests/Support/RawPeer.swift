import DICOM
import Foundation
import Glibc

/// A peer that writes its own bytes: enough DICOM to store, and to misbehave. Nothing waits longer than 10 s.
final class RawPeer {
  struct Failure: Error { let what: String }
  struct PDU: Equatable {
    var type: UInt8
    var body: [UInt8]
  }

  private let descriptor: Int32
  private(set) var accepted: [UInt8: UID] = [:]
  private var messageID: UInt16 = 0

  /// Connects, and says nothing yet.
  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(what: "connect") }
  }

  /// Connects and opens an association with contexts 1, 3, 5…
  convenience init(
    port: Int, contexts: [(UID, [UID])], called: String = "REKKAS", calling: String = "RAWPEER", maximumPDU: UInt32 = 0
  ) throws {
    try self.init(port: port)
    try send(Self.request(contexts: contexts, called: called, calling: calling, maximumPDU: maximumPDU))
    let answer = try receive()
    guard answer.type == 2 else { throw Failure(what: "association answered by PDU type \(answer.type)") }
    readAccepted(answer.body)
  }

  deinit { close(descriptor) }

  // MARK: Bytes

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let n = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard n > 0 else { throw Failure(what: "send") }
      sent += n
    }
  }

  private func receive(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var got = 0
    while got < count {
      let n = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + got, count - got, 0) }
      guard n > 0 else { throw Failure(what: n == 0 ? "closed" : "receive: errno \(errno)") }
      got += n
    }
    return bytes
  }

  /// The next PDU; throws when the connection ends first.
  func receive() throws -> PDU {
    let head = try receive(6)
    return PDU(type: head[0], body: try receive(Int(Self.number(head[2..<6]))))
  }

  /// Whether the other side closes (or has closed) without another word.
  func isClosed() -> Bool {
    do {
      _ = try receive(1)
      return false
    } catch { return (error as? Failure)?.what == "closed" }
  }

  // MARK: PDUs

  static func request(
    contexts: [(UID, [UID])], called: String = "REKKAS", calling: String = "RAWPEER", maximumPDU: UInt32 = 0
  ) -> [UInt8] {
    func title(_ text: String) -> [UInt8] { Array((text + String(repeating: " ", count: 16)).utf8.prefix(16)) }
    var body: [UInt8] = [0, 1, 0, 0] + title(called) + title(calling) + [UInt8](repeating: 0, count: 32)
    body += item(0x10, Array("1.2.840.10008.3.1.1.1".utf8))
    for (index, context) in contexts.enumerated() {
      let syntaxes = context.1.flatMap { item(0x40, Array($0.rawValue.utf8)) }
      body += item(
        0x20,
        [UInt8(truncatingIfNeeded: 2 * index + 1), 0, 0, 0] + item(0x30, Array(context.0.rawValue.utf8)) + syntaxes)
    }
    body += item(0x50, item(0x51, big(maximumPDU)) + item(0x52, Array("2.25.1".utf8)))
    return pdu(1, body)
  }

  static func pdu(_ type: UInt8, _ body: [UInt8]) -> [UInt8] { [type, 0] + big(UInt32(body.count)) + body }

  /// One P-DATA PDU with one value. `flags`: 1 command, 2 last.
  static func value(_ context: UInt8, _ flags: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    pdu(4, big(UInt32(bytes.count + 2)) + [context, flags] + bytes)
  }

  private static func item(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    [type, 0, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
  }

  private static func big(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
  private static func number(_ bytes: some Sequence<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

  private func readAccepted(_ body: [UInt8]) {
    var at = 68
    while at + 4 <= body.count {
      let length = Int(Self.number(body[at + 2..<at + 4]))
      if body[at] == 0x21, body[at + 6] == 0 {
        let syntax = body[at + 12..<at + 4 + length]
        accepted[body[at + 4]] = UID(rawValue: String(decoding: syntax, as: UTF8.self))
      }
      at += 4 + length
    }
  }

  // MARK: Messages

  static func element(_ number: UInt16, _ value: [UInt8]) -> [UInt8] {
    let padded = value.count % 2 == 0 ? value : value + [0]
    return [0, 0, UInt8(number & 255), UInt8(number >> 8), UInt8(padded.count & 255), UInt8(padded.count >> 8), 0, 0]
      + padded
  }

  static func element(_ number: UInt16, _ value: UInt16) -> [UInt8] {
    element(number, [UInt8(value & 255), UInt8(value >> 8)])
  }

  func storeCommand(_ sopClass: String, _ instance: String) -> [UInt8] {
    messageID += 1
    return Self.element(0x0002, Array(sopClass.utf8)) + Self.element(0x0100, 0x0001)
      + Self.element(0x0110, messageID) + Self.element(0x0700, 0) + Self.element(0x0800, 1)
      + Self.element(0x1000, Array(instance.utf8))
  }

  func echoCommand() -> [UInt8] {
    messageID += 1
    return Self.element(0x0002, Array(SOPClass.verification.rawValue.utf8)) + Self.element(0x0100, 0x0030)
      + Self.element(0x0110, messageID) + Self.element(0x0800, 0x0101)
  }

  func echo(context: UInt8 = 1) throws -> DIMSEStatus {
    try send(Self.value(context, 3, echoCommand()))
    return try status()
  }

  /// Sends a C-STORE whole and gives its answer. `piece` is the size of a P-DATA value.
  func store(
    _ dataSet: [UInt8], sopClass: UID, instance: UID, context: UInt8 = 1, piece: Int = 60_000
  ) throws -> DIMSEStatus {
    try send(Self.value(context, 3, storeCommand(sopClass.rawValue, instance.rawValue)))
    var at = 0
    repeat {
      let end = min(at + piece, dataSet.count)
      try send(Self.value(context, end == dataSet.count ? 2 : 0, Array(dataSet[at..<end])))
      at = end
    } while at < dataSet.count
    return try status()
  }

  func store(_ object: SampleObject, context: UInt8 = 1) throws -> DIMSEStatus {
    try store(object.dataSet, sopClass: object.sopClass, instance: object.instance, context: context)
  }

  /// The status in the next message; a PDU that is no P-DATA throws.
  func status() throws -> DIMSEStatus {
    let answer = try receive()
    guard answer.type == 4 else { throw Failure(what: "answered by PDU type \(answer.type)") }
    let command = answer.body.dropFirst(6)
    var at = command.startIndex
    while at + 8 <= command.endIndex {
      let length = Int(command[at + 4]) | Int(command[at + 5]) << 8
      if command[at + 2] == 0x00, command[at + 3] == 0x09 {
        return DIMSEStatus(rawValue: UInt16(command[at + 8]) | UInt16(command[at + 9]) << 8)
      }
      at += 8 + length
    }
    throw Failure(what: "an answer without status")
  }

  func release() throws {
    try send(Self.pdu(5, [0, 0, 0, 0]))
    guard try receive().type == 6 else { throw Failure(what: "no A-RELEASE-RP") }
  }
}
