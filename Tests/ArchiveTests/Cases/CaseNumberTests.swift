import Foundation
import Testing

@testable import Archive

@Suite struct CaseNumberTests {
  private let number = CaseNumber(code: "MIDELT", year: 26, serial: 42)

  @Test func `A number fits Accession Number and is read again, however people type it`() {
    #expect(number.text.hasPrefix("MIDELT-26-00042"))
    #expect(number.text.utf8.count == 16)
    for text in [number.text, number.text.lowercased(), number.text.filter { $0 != "-" }, " " + number.text + " "] {
      #expect(CaseNumber(text) == number)
    }
    #expect(CaseNumber(CaseNumber(code: "AZ", year: 5, serial: 99_999).text)?.year == 5)
  }

  @Test func `Every single wrong character is caught`() {
    let characters = Array(number.text)
    for place in characters.indices where characters[place] != "-" {
      for other in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" where other != characters[place] {
        var wrong = characters
        wrong[place] = other
        #expect(CaseNumber(String(wrong)) == nil, "\(String(wrong))")
      }
    }
  }

  @Test func `Neighbours that changed places are caught`() {
    var caught = 0
    var tried = 0
    for serial in 1...500 {
      let characters = Array(CaseNumber(code: "AZILAL", year: 26, serial: serial * 199).text.filter { $0 != "-" })
      for place in 0..<characters.count - 1 where characters[place] != characters[place + 1] {
        var wrong = characters
        wrong.swapAt(place, place + 1)
        tried += 1
        if CaseNumber(String(wrong)) == nil { caught += 1 }
      }
    }
    #expect(caught * 1000 >= tried * 995, "\(caught) of \(tried)")
  }

  @Test func `A year's numbers begin where a box that was replaced cannot have been`() throws {
    let folder = try TestFolder()
    let archive = try Archive.makeSite(in: folder)
    let numbers = try ["2026-01-01T00:00:00Z", "2027-11-22T09:00:00Z", "2027-12-31T23:00:00Z"].map { text in
      let time = try Date(text, strategy: .iso8601)
      return try archive.writer.change { try CaseRows.nextNumber(code: "MIDELT", at: time, $0) }
    }
    let parts = numbers.compactMap { CaseNumber($0) }
    #expect(parts.map(\.year) == [26, 27, 27] && parts.map(\.serial) == [1, 65_001, 65_002])
  }

  @Test(arguments: ["", "MIDELT", "MIDELT-26-00042", "MIDELT-26-00000-0", "é-26-00042K", "TOOLONG-26-00042K"])
  func `What is no number is none`(_ text: String) {
    #expect(CaseNumber(text) == nil)
  }
}
