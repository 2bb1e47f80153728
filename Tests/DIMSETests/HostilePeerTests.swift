import Archive
import DICOM
import Foundation
import Testing

@testable import DIMSE

@Suite("Hostile peers", .serialized, .timeLimit(.minutes(5)))
struct HostilePeerTests {
  private let storage: [(UID, [UID])] = [(SOPClass.ctImageStorage, [TransferSyntax.explicitVRLittleEndian.uid])]
  private let verification: [(UID, [UID])] = [(SOPClass.verification, [TransferSyntax.implicitVRLittleEndian.uid])]

  /// A peer that behaves; how long it needed for association, store and release.
  private func goodPeer(_ door: Door) throws -> Duration {
    let clock = ContinuousClock()
    return try clock.measure {
      let peer = try RawPeer(port: door.port, contexts: storage)
      let status = try peer.store(SampleObject())
      try peer.release()
      guard status == .success else { throw RawPeer.Failure(what: "status \(status)") }
    }
  }

  @Test(
    "What is no association request is answered by A-ABORT at once",
    arguments: [
      Array("GET / HTTP/1.0\r\n\r\n".utf8), [1, 0, 0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 2000),
      [1, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 3], (0..<200).map { UInt8(truncatingIfNeeded: $0 * 7 + 9) },
    ])
  func garbage(bytes: [UInt8]) throws {
    let door = try Door.make()
    let peer = try RawPeer(port: door.port)
    try peer.send(bytes)
    #expect(try peer.receive().type == 7)
    #expect(peer.isClosed())
  }

  @Test("A broken association request is answered by A-ABORT, wherever it is cut or changed")
  func brokenRequests() throws {
    let door = try Door.make()
    let good = RawPeer.request(contexts: storage + verification)
    var answers: [UInt8: Int] = [:]
    for position in stride(from: 6, to: good.count, by: 3) {
      var bytes = good
      bytes[position] ^= 0xFF
      let peer = try RawPeer(port: door.port)
      try peer.send(bytes)
      answers[try peer.receive().type, default: 0] += 1
    }
    // Accepted (a changed title), rejected (another application context) or aborted; never silence.
    #expect(Set(answers.keys).isSubset(of: [2, 3, 7]))
    #expect(answers[7] ?? 0 > 0)
    #expect(try goodPeer(door) < .seconds(1))
  }

  @Test(
    "A P-DATA PDU longer than agreed, or shorter than possible, ends the association",
    arguments: [
      0xFFFF_FFF0, 131_073, 5, 0,
    ] as [UInt32])
  func pduLength(length: UInt32) throws {
    let door = try Door.make()
    let peer = try RawPeer(port: door.port, contexts: storage)
    try peer.send(
      [4, 0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + [UInt8](repeating: 0, count: 3000))
    #expect(try peer.receive().type == 7)
    #expect(peer.isClosed())
  }

  /// What a peer may send at the wrong time or in the wrong shape.
  enum Fault: CaseIterable {
    case dataSetFirst, commandForDataSet, releaseInDataSet, otherContext, unknownContext, valueTooLong, emptyCommand
    case commandTooLong, response, wrongGroup, associateAgain
  }

  @Test(
    "A peer that breaks the protocol inside an association gets A-ABORT, and nothing is kept", arguments: Fault.allCases
  )
  func faults(fault: Fault) throws {
    let door = try Door.make()
    let object = SampleObject()
    let peer = try RawPeer(port: door.port, contexts: storage + verification)
    let command = RawPeer.value(1, 3, peer.storeCommand(object.sopClass.rawValue, object.instance.rawValue))
    let piece = RawPeer.value(1, 0, Array(object.dataSet.prefix(100)))
    switch fault {
    case .dataSetFirst: try peer.send(piece)
    case .commandForDataSet: try peer.send(command + command)
    case .releaseInDataSet: try peer.send(command + piece + RawPeer.pdu(5, [0, 0, 0, 0]))
    case .otherContext: try peer.send(command + RawPeer.value(3, 2, object.dataSet))
    case .unknownContext: try peer.send(RawPeer.value(9, 3, peer.echoCommand()))
    case .valueTooLong:
      try peer.send(RawPeer.pdu(4, [0xFF, 0xFF, 0xFF, 0xF0, 1, 3] + [UInt8](repeating: 0, count: 20)))
    case .emptyCommand: try peer.send(RawPeer.value(1, 3, []))
    case .commandTooLong:
      for _ in 0..<20 { try? peer.send(RawPeer.value(1, 1, [UInt8](repeating: 0, count: 1000))) }
    case .response:
      try peer.send(RawPeer.value(1, 3, RawPeer.element(0x0100, 0x8001) + RawPeer.element(0x0800, 0x0101)))
    case .wrongGroup: try peer.send(RawPeer.value(1, 3, [8, 0] + peer.echoCommand().dropFirst(2)))
    case .associateAgain: try peer.send(RawPeer.request(contexts: storage))
    }
    #expect(try peer.receive().type == 7)
    #expect(try goodPeer(door) < .seconds(1))
    #expect(try door.archive.statistics().instances == 1)
  }

  @Test("A data set that stops in the middle is given up after the time-out, and nothing of it is kept")
  func halfSent() throws {
    let door = try Door.make { $0.limits.progress = .milliseconds(300) }
    let object = SampleObject()
    let peer = try RawPeer(port: door.port, contexts: storage)
    try peer.send(RawPeer.value(1, 3, peer.storeCommand(object.sopClass.rawValue, object.instance.rawValue)))
    try peer.send(RawPeer.value(1, 0, Array(object.dataSet.prefix(100))))
    #expect(try peer.receive().type == 7)
    #expect(peer.isClosed())
    #expect(try door.archive.statistics().instances == 0)
  }

  @Test("A data set that trickles is given up too")
  func trickle() throws {
    let door = try Door.make { $0.limits.progress = .milliseconds(300) }
    let object = SampleObject()
    let peer = try RawPeer(port: door.port, contexts: storage)
    try peer.send(RawPeer.value(1, 3, peer.storeCommand(object.sopClass.rawValue, object.instance.rawValue)))
    var sent = 0
    while (try? peer.send(RawPeer.value(1, 0, [UInt8(sent & 255)]))) != nil, sent < 100 {
      sent += 1
      Thread.sleep(forTimeInterval: 0.05)
    }
    #expect(sent < 60)  // 300 ms plus one window, at 20 bytes a second; then the connection is closed
  }

  @Test("A peer that stays silent is let go: before the request without a word, between messages with A-ABORT")
  func silence() throws {
    let door = try Door.make {
      $0.limits.negotiation = .milliseconds(300)
      $0.limits.idle = .milliseconds(300)
    }
    let mute = try RawPeer(port: door.port)
    let half = try RawPeer(port: door.port)
    try half.send(Array(RawPeer.request(contexts: storage).prefix(40)))
    let idle = try RawPeer(port: door.port, contexts: storage)
    #expect(mute.isClosed())
    #expect(half.isClosed())
    #expect(try idle.receive().type == 7)
  }

  @Test("200 idle associations, 200 silent connections and 50 half-sent images leave a good peer unharmed")
  func crowd() throws {
    let door = try Door.make()
    let object = SampleObject(rows: 256, columns: 256)
    let idle = try (0..<200).map { _ in try RawPeer(port: door.port, contexts: verification) }
    let silent = try (0..<200).map { _ in try RawPeer(port: door.port) }
    let half = try (0..<50).map { _ in
      let peer = try RawPeer(port: door.port, contexts: storage)
      try peer.send(RawPeer.value(1, 3, peer.storeCommand(object.sopClass.rawValue, object.instance.rawValue)))
      try peer.send(RawPeer.value(1, 0, Array(object.dataSet.prefix(60_000))))
      return peer
    }
    #expect(try goodPeer(door) < .seconds(1))
    withExtendedLifetime((idle, silent, half)) {}
  }

  @Test("Beyond the limit an association is rejected for now; silent connections give way")
  func limit() throws {
    let door = try Door.make { $0.maximumAssociations = 4 }
    let silent = try (0..<4).map { _ in try RawPeer(port: door.port) }
    Thread.sleep(forTimeInterval: 1.2)
    let held = try (0..<4).map { _ in try RawPeer(port: door.port, contexts: verification) }
    let late = try RawPeer(port: door.port)
    try late.send(RawPeer.request(contexts: verification))
    #expect(try late.receive() == .init(type: 3, body: [0, 2, 3, 2]))
    for peer in held { #expect(try peer.echo() == .success) }
    #expect(silent[0].isClosed())
  }

  @Test("AE titles are checked when asked for")
  func titles() throws {
    let door = try Door.make {
      $0.acceptsAnyCalledAETitle = false
      $0.peers = [
        DIMSEPeer(aeTitle: "MODALITY", address: "127.0.0.1"), DIMSEPeer(aeTitle: "ELSEWHERE", address: "192.0.2.7"),
      ]
    }
    func answer(called: String, calling: String) throws -> RawPeer.PDU {
      let peer = try RawPeer(port: door.port)
      try peer.send(RawPeer.request(contexts: verification, called: called, calling: calling))
      return try peer.receive()
    }
    #expect(try answer(called: "REKKAS", calling: "MODALITY").type == 2)
    #expect(try answer(called: "OTHER", calling: "MODALITY") == .init(type: 3, body: [0, 1, 1, 7]))
    #expect(try answer(called: "REKKAS", calling: "STRANGER") == .init(type: 3, body: [0, 1, 1, 3]))
    // Listed, but not from here.
    #expect(try answer(called: "REKKAS", calling: "ELSEWHERE") == .init(type: 3, body: [0, 1, 1, 3]))
  }

  @Test("128 presentation contexts are negotiated, 129 are not")
  func manyContexts() throws {
    let door = try Door.make()
    let many = SOPClass.allStorage.prefix(128).map {
      ($0, [TransferSyntax.implicitVRLittleEndian.uid, TransferSyntax.explicitVRLittleEndian.uid])
    }
    #expect(many.count == 128)
    let peer = try RawPeer(port: door.port, contexts: many)
    #expect(peer.accepted.count == 128)
    #expect(Set(peer.accepted.values) == [TransferSyntax.explicitVRLittleEndian.uid])
    let over = try RawPeer(port: door.port)
    try over.send(RawPeer.request(contexts: many + [many[0]]))
    #expect(try over.receive().type == 7)
  }

  @Test("A peer that takes 128 bytes at a time gets its answer in pieces")
  func tinyPDU() throws {
    let door = try Door.make()
    let peer = try RawPeer(port: door.port, contexts: storage, maximumPDU: 128)
    let object = SampleObject()
    try peer.send(RawPeer.value(1, 3, peer.storeCommand(object.sopClass.rawValue, object.instance.rawValue)))
    try peer.send(RawPeer.value(1, 2, object.dataSet))
    var pieces: [RawPeer.PDU] = []
    repeat { pieces.append(try peer.receive()) } while pieces.last.map { $0.body[5] & 2 == 0 } ?? true
    #expect(pieces.count > 1)
    #expect(pieces.allSatisfy { $0.body.count <= 128 })
  }
}
