import Archive
import DICOM
import Foundation
import Logging

extension LinkEngine {
  /// Brings the order up to date with the outbox.
  func refresh() {
    if let time = view.growingUntil {
      if time <= now { view.isStale = true } else { wake(at: time) }
    }
    if view.isStale {
      if view.nextLook <= now { look() } else { wake(at: view.nextLook) }
    }
    load()
  }

  private func look() {
    let began = now
    do {
      let list = try archive.outbox.studies()
      for study in view.changed(list) { view.manifests[study.study] = try archive.outbox.manifest(of: study.study) }
      let forms = try archive.cases.pending().map {
        ($0.urgency, CaseReceipt(number: $0.number, revision: $0.revision))
      }
      let date = wallClock()
      let queued = list.map { QueuedStudy($0, manifest: view.manifests[$0.study], at: date) }
      order.update(studies: queued, forms: forms.map { ($0.1, $0.0) })
      view.pendingCases = forms.count
      view.refused = try archive.cases.refused()
      view.growingUntil = queued.contains(where: \.isGrowing) ? now + QueuedStudy.pause : nil
      view.totals = try archive.outbox.totals()
      view.aside = view.totals?.aside ?? 0 > 0 ? try archive.outbox.aside() : []
      if problem == .archive { problem = nil }
      prepareMostUrgent(list)
    } catch {
      logger.error("The outbox cannot be read", metadata: ["error": "\(error)"])
      problem = .archive
      view.looked(took: .seconds(1), now: now)
      view.isStale = true
      return
    }
    view.looked(took: now - began, now: now)
    view.plan(at: now)
    isNews = true
  }

  /// What is read first is made ready first.
  private func prepareMostUrgent(_ list: [OutboxStudy]) {
    guard let first = list.first(where: { $0.settled < $0.objects }), first.urgency < .routine else { return }
    archive.prepareSoon(study: UID(rawValue: first.study))
  }

  /// Keeps the right objects in memory. Sorts all studies, so not for every answer.
  private func load() {
    guard view.nextPlan <= now else { return wake(at: view.nextPlan) }
    view.planned(now: now)
    let plan = order.plan(objects: options.objectsInMemory, now: now)
    for study in plan.unload { order.unload(study) }
    let grown = order.studies.values.filter { queue in
      queue.isLoaded && (queue.study.waiting != queue.pending || view.mustLoad(queue.study.uid))
    }
    for uid in plan.load + grown.map(\.study.uid) {
      guard view.mayLoad(uid, now: now) else {
        view.plan(at: view.nextLoad(of: uid))
        continue
      }
      let began = now
      do {
        let objects = try archive.outbox.objects(study: uid)
        // The hub may know what was there before; the clock decides only where nothing else can.
        let isOld = view.first?.contains(uid) ?? false
        let queued = objects.map { QueuedObject($0, isFresh: !isOld || $0.storedAt >= startedAt) }
        order.load(queued, of: uid, now: now)
      } catch {
        logger.error("The objects of a study cannot be read", metadata: ["error": "\(error)"])
        problem = .archive
      }
      view.loaded(uid, took: now - began, now: now)
      // Between two studies there is time to send.
      if now - began > .milliseconds(100) {
        view.plan(at: now)
        break
      }
    }
    wake(at: view.nextPlan)
  }
}

extension QueuedStudy {
  /// A study that got no image for so long does not grow any more, for the time being.
  static let pause = Duration.seconds(5)

  init(_ study: OutboxStudy, manifest: StudyManifest?, at date: Date) {
    self.init(
      uid: study.study, urgency: study.urgency, storedAt: study.storedAt,
      waiting: max(0, study.settled - study.acknowledged - study.aside), caseNumber: study.caseNumber,
      isGrowing: study.sealed == nil && abs(date.timeIntervalSince(study.lastStoredAt)) < Self.pause.inSeconds,
      manifest: manifest)
  }
}

extension QueuedObject {
  init(_ object: OutboxObject, isFresh: Bool) {
    self.init(
      id: object.id, object: object.object, seriesNumber: object.seriesNumber, instanceNumber: object.instanceNumber,
      isKeyImage: object.isKeyImage, isFresh: isFresh, failures: object.failures)
  }
}
