/// The small set that is committed in `TestImages`: every kind, every photometric case, three sites, three character sets.
public enum PhantomSet {
  public static let testImages: [PhantomStudy] = {
    func study(
      _ kind: PhantomKind, _ columns: Int, _ rows: Int, count: Int? = nil, seed: UInt64, _ patient: PhantomPatient
    ) -> PhantomStudy {
      do {
        return try PhantomStudy(
          kind: kind, size: PhantomSize(columns: columns, rows: rows), count: count, seed: seed, patient: patient)
      } catch {
        preconditionFailure("\(error)")
      }
    }
    // Two sites know a "000012", and they are two persons.
    let zoe = PhantomPatient("BENALI^Zoé", sex: "F", birthDate: "19710314", id: "000012", site: 0)
    let amelie = PhantomPatient("EL GUERRAOUI^Amélie", sex: "F", birthDate: "19650902", id: "000047", site: 1)
    let yusuf = PhantomPatient("الوهمي^يوسف", sex: "M", birthDate: "19580121", id: "000012", site: 2)
    let fatima = PhantomPatient(
      "التجريبية^فاطمة", sex: "F", birthDate: "20140608", id: "000305", site: 0, characters: .arabic)
    let noel = PhantomPatient(
      "FANTÔME^Noël", sex: "M", birthDate: "19491225", id: "000128", site: 1, characters: .latin1)
    let maryam = PhantomPatient("المثال^مريم", sex: "F", birthDate: "19930517", id: "000219", site: 2)
    return [
      study(.ct, 256, 256, count: 3, seed: 7, zoe),
      study(.mr, 192, 192, count: 2, seed: 11, amelie),
      study(.palette, 192, 192, seed: 11, amelie),
      study(.dx, 400, 480, seed: 13, yusuf),
      study(.cr, 400, 480, seed: 17, fatima),
      study(.us, 160, 120, count: 6, seed: 19, noel),
      study(.smear, 320, 240, seed: 23, maryam),
    ]
  }()
}
