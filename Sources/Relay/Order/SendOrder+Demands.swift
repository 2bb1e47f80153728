import Archive

extension SendOrder {
  /// Slices on each side of a demanded one that follow it.
  static let neighbours = 4

  /// Somebody at the hub looks at this now: it goes before all else of its urgency.
  ///
  /// The demanded image comes first, entirely up to a picture of useful size; then its neighbours, nearest first; then the rest of its
  /// bytes. An opened study or series goes before others.
  mutating func demand(_ demand: LinkDemand, now: Duration) {
    guard studies[demand.study] != nil else { return }
    studies[demand.study]!.boostedUntil = now + Self.boost
    guard studies[demand.study]!.isLoaded else {
      if studies[demand.study]!.wishes.count < 64 { studies[demand.study]!.wishes.append(demand) }
      return
    }
    studies[demand.study]!.demand(demand)
  }
}

extension StudyQueue {
  mutating func demand(_ demand: LinkDemand) {
    if let instance = demand.instance {
      let series = ordered(in: demand.series ?? seriesOf(instance))
      guard let place = series.firstIndex(where: { objects[$0].queued.object.instance == instance }) else { return }
      var wanted = previews(series[place], frame: demand.frame)
      for distance in 1...SendOrder.neighbours {
        for neighbour in [place + distance, place - distance] where series.indices.contains(neighbour) {
          wanted += previews(series[neighbour], frame: nil)
        }
      }
      // A frame that is one of many does not pull a whole clip.
      let object = objects[series[place]]
      wanted += object.slots(index: series[place]).filter { slot in
        slot.frame < 0 || demand.frame.map { Int32($0) == slot.frame } ?? (object.queued.frames.count <= 16)
      }
      for slot in wanted { demanded.append(slot) }
    } else if let series = demand.series {
      let members = ordered(in: series).map { previews($0, frame: nil) }
      for step in 0..<(members.map(\.count).max() ?? 0) {
        for member in members where step < member.count { demanded.append(member[step]) }
      }
    }
  }

  /// The parts of an object up to a picture of useful size: of the first frame, or of the one that is asked for.
  private func previews(_ index: Int, frame: Int?) -> [Slot] {
    let object = objects[index].queued
    var slots = [Slot.header(index)]
    let frame = frame ?? 0
    if object.frames.indices.contains(frame) {
      let layers = (1...object.layers(of: frame)).map { Slot.layer($0, frame: frame, of: index) }
      // The first layer always, whatever its size: there is no smaller picture.
      slots += layers.prefix(1) + layers.dropFirst().prefix { rank($0).isPreview }
    }
    return slots
  }

  private func seriesOf(_ instance: String) -> String? {
    objects.first { $0.queued.object.instance == instance }?.queued.object.series
  }

  /// The waiting images of a series as a reader goes through them.
  private func ordered(in series: String?) -> [Int] {
    objects.indices
      .filter { objects[$0].queued.object.series == series && !objects[$0].isDone }
      .sorted { Self.inReadingOrder(objects[$0].queued, objects[$1].queued) }
  }
}
