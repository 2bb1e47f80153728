import Glibc

/// What the kernel knows of this process, under the names that Prometheus' own clients use.
enum ProcessMetrics {
  static func text() -> String {
    var out = ""
    var usage = rusage()
    if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
      let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
      out += "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total \(PrometheusText.number(seconds))\n"
      let peak = PrometheusText.number(Double(usage.ru_maxrss) * 1024)
      out += "# TYPE process_resident_memory_peak_bytes gauge\nprocess_resident_memory_peak_bytes \(peak)\n"
    }
    if let pages = resident() {
      out +=
        "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes \(pages * Int(sysconf(Int32(_SC_PAGESIZE))))\n"
    }
    if let count = openDescriptors() { out += "# TYPE process_open_fds gauge\nprocess_open_fds \(count)\n" }
    return out
  }

  /// The second number of /proc/self/statm.
  private static func resident() -> Int? {
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return nil }
    let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? Int(fields[1]) : nil
  }

  private static func openDescriptors() -> Int? {
    guard let directory = opendir("/proc/self/fd") else { return nil }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count - 3  // ".", ".." and the one that reads
  }
}
