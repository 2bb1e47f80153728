extension PhantomCanvas {
  /// Blurs with weights 1 2 1 in both directions, `times` over: the point spread of a detector.
  func soften(_ times: Int = 1) {
    let line = UnsafeMutablePointer<Float>.allocate(capacity: max(width, height))
    defer { line.deallocate() }
    for _ in 0..<times {
      for y in 0..<height { soften(from: values + y * width, step: 1, count: width, through: line) }
      for x in 0..<width { soften(from: values + x, step: width, count: height, through: line) }
    }
  }

  private func soften(
    from start: UnsafeMutablePointer<Float>, step: Int, count: Int, through line: UnsafeMutablePointer<Float>
  ) {
    var i = 0
    while i < count {
      line[i] = start[i &* step]
      i &+= 1
    }
    i = 0
    while i < count {
      let before = line[i > 0 ? i &- 1 : 0]
      let after = line[i &+ 1 < count ? i &+ 1 : i]
      start[i &* step] = (before + 2 * line[i] + after) * 0.25
      i &+= 1
    }
  }

  /// Adds grain of the given standard deviation, a little wider than a sample as a reconstruction leaves it.
  func addGrain(_ deviation: Float, _ random: inout SplitMix64) {
    let grain = PhantomCanvas(width: width, height: height, spacing: spacing)
    var i = 0
    while i < count {
      grain.values[i] = random.normal()
      i &+= 1
    }
    grain.soften()
    // 1 2 1 in both directions leaves 0.375 of the deviation.
    let scale = deviation / 0.375
    i = 0
    while i < count {
      values[i] += grain.values[i] * scale
      i &+= 1
    }
  }

  /// Adds another canvas of the same size, sample by sample.
  func add(canvas other: PhantomCanvas, times factor: Float = 1) {
    var i = 0
    while i < count {
      values[i] += other.values[i] * factor
      i &+= 1
    }
  }

  func clear(_ value: Float = 0) { values.update(repeating: value, count: count) }

  /// The samples rounded and held between the limits, as 16-bit little endian.
  func samples16(from low: Int, to high: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count * 2) { buffer, written in
      let out = buffer.baseAddress!
      var i = 0
      while i < count {
        let value = UInt16(truncatingIfNeeded: Int(PhantomMath.clamp(values[i], Float(low), Float(high)).rounded()))
        out[2 &* i] = UInt8(truncatingIfNeeded: value)
        out[2 &* i &+ 1] = UInt8(truncatingIfNeeded: value >> 8)
        i &+= 1
      }
      written = count * 2
    }
  }
}
