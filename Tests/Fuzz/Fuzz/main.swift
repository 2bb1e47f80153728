import CFuzz
import DICOM
import Foundation

// rekkas-fuzz TARGET [libFuzzer's options] [corpus folders]; `Scripts/fuzz` builds and runs it.
let arguments = CommandLine.arguments
guard arguments.count > 1, let target = FuzzTarget.all[arguments[1]] else {
  print(FuzzTarget.all.keys.sorted().joined(separator: "\n"))
  exit(arguments.count > 1 ? EX_USAGE : 0)
}
if arguments.count > 3, arguments[2] == "--seeds" {
  try target.writeSeeds(to: arguments[3], images: arguments[4])
  exit(0)
}
FuzzTarget.chosen = target
DICOMLibrary.initialize { _, _ in }
var list = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) } + [nil]
let status = list.withUnsafeMutableBufferPointer { list in
  fuzz_run(Int32(list.count - 1), list.baseAddress) { bytes, count in
    FuzzTarget.chosen.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
  }
}
exit(status)
