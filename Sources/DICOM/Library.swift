import CDCMTK
import Synchronization

/// The process-wide preparation that DCMTK needs: codecs, dictionary, log, and limits on memory.
public enum DICOMLibrary {
  /// How important a line of DCMTK's network log is.
  public enum LogLevel: Int32, Sendable {
    case trace, debug, info, warning, error
  }

  /// Prepares the process for DICOM; call it once, early. Later calls do nothing, from whatever thread.
  ///
  /// Sets the environment variable TCP_NODELAY, ignores SIGPIPE, raises the soft limit on open files, and bounds malloc's
  /// arenas: library.cpp says why. `logger` gets DCMTK's network warnings from any thread; nothing of a data set is in them.
  public static func initialize(logger: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in }) {
    isInitialized.withLock { done in
      guard !done else { return }
      done = true
      let context = Unmanaged.passRetained(LogSink(logger)).toOpaque()  // kept for the life of the process
      let status = rk_initialize(
        { context, level, text in
          guard let context else { return }
          let sink = Unmanaged<LogSink>.fromOpaque(context).takeUnretainedValue()
          sink.write(LogLevel(rawValue: level) ?? .error, String(cString: text))
        }, context)
      if !status.isOK { logger(.error, status.message) }
      // 3 ms, for which the first image would have to wait otherwise. Not on a thread of its own: a command that ends at once
      // would take the dictionary away from under it.
      _ = DataDictionary.table
    }
  }

  private static let isInitialized = Mutex(false)

  private final class LogSink: Sendable {
    let write: @Sendable (LogLevel, String) -> Void
    init(_ write: @escaping @Sendable (LogLevel, String) -> Void) { self.write = write }
  }
}

extension rk_status {
  /// Whether the call did what it was asked.
  var isOK: Bool { Int(code) == RK_OK }

  /// What was tried and what the layer below said.
  var message: String {
    withUnsafeBytes(of: text) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
