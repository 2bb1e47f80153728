/// What people read when a request to `/api/v1` is not granted: what is wrong, and what to do now.
enum APITexts {
  struct Text: Equatable, Sendable {
    var message: String
    var way: String
  }

  static func text(_ code: APIFailure.Code, _ language: PageLanguage) -> Text {
    let (message, way) = texts(code)[language.place]
    return Text(message: message, way: way)
  }

  /// French, Arabic, English.
  private static func texts(_ code: APIFailure.Code) -> [(String, String)] {
    switch code {
    case .unknownCase:
      [
        ("Ce cas n'existe pas ici.", "Vérifiez le numéro : la dernière lettre signale les fautes de frappe."),
        ("هذه الحالة غير موجودة هنا.", "تحقق من الرقم: الحرف الأخير يكشف أخطاء الكتابة."),
        ("There is no such case here.", "Check the number: its last character catches typing errors."),
      ]
    case .unknownStudy:
      [
        ("Cet examen n'est pas ici.", "Rafraîchissez la liste ; les images ne sont peut-être pas encore arrivées."),
        ("هذا الفحص غير موجود هنا.", "حدّث القائمة؛ ربما لم تصل الصور بعد."),
        ("There is no such study here.", "Refresh the list; its images may not have come yet."),
      ]
    case .unknownArrival:
      [
        (
          "Il n'y a plus rien ici de cet envoi.",
          "Rafraîchissez la liste : il est arrivé, ou quelqu'un l'a déjà retiré."
        ),
        ("لم يبق هنا شيء من هذا الإرسال.", "حدّث القائمة: لقد وصل أو حذفه شخص آخر."),
        ("Nothing of this transfer is here any more.", "Refresh the list: it has arrived, or somebody has removed it."),
      ]
    case .invalid:
      [
        ("Un champ ne peut pas être enregistré ainsi.", "Corrigez le champ indiqué, puis enregistrez de nouveau."),
        ("لا يمكن حفظ أحد الحقول بهذا الشكل.", "صحّح الحقل المشار إليه ثم احفظ من جديد."),
        ("A field cannot be kept like this.", "Correct the field that is named, then save again."),
      ]
    case .malformed:
      [
        ("La demande n'a pas pu être lue.", "Rechargez la page et recommencez."),
        ("تعذرت قراءة الطلب.", "أعد تحميل الصفحة وحاول من جديد."),
        ("The request could not be read.", "Load the page again and repeat."),
      ]
    case .tooLarge:
      [
        (
          "Le texte est trop long.", "Raccourcissez-le ; les images passent par le réseau DICOM, pas par ce formulaire."
        ),
        ("النص طويل جدا.", "اختصره؛ الصور ترسل عبر شبكة DICOM وليس عبر هذه الاستمارة."),
        ("The text is too long.", "Shorten it; images come by DICOM, not by this form."),
      ]
    case .notJSON:
      [
        ("Ce format n'est pas accepté.", "Envoyez du JSON (Content-Type : application/json)."),
        ("هذه الصيغة غير مقبولة.", "أرسل بصيغة JSON (application/json)."),
        ("This format is not taken.", "Send JSON (Content-Type: application/json)."),
      ]
    case .changed:
      [
        ("Quelqu'un a modifié ce cas entre-temps.", "Relisez le cas, puis refaites votre modification."),
        ("قام شخص آخر بتعديل هذه الحالة في هذه الأثناء.", "أعد قراءة الحالة ثم أعد تعديلك."),
        ("Somebody has changed this case meanwhile.", "Read the case again, then repeat your change."),
      ]
    case .revisionMissing:
      [
        ("La version du cas manque.", "Lisez d'abord le cas et envoyez sa version avec If-Match."),
        ("رقم مراجعة الحالة مفقود.", "اقرأ الحالة أولا وأرسل رقم مراجعتها في If-Match."),
        ("The revision of the case is missing.", "Read the case first, and send its revision as If-Match."),
      ]
    case .foreign:
      [
        ("Ce cas appartient à un autre site.", "Demandez à ce site de le modifier."),
        ("هذه الحالة تخص موقعا آخر.", "اطلب من ذلك الموقع تعديلها."),
        ("This case is another site's.", "Ask that site to change it."),
      ]
    case .numbersUsedUp:
      [
        (
          "Les numéros de cas de cette année sont épuisés.",
          "Prévenez l'administrateur : il faut un autre code de site."
        ),
        ("نفدت أرقام الحالات لهذه السنة.", "أخبر المسؤول: يلزم رمز موقع آخر."),
        ("This year's case numbers are used up.", "Tell the administrator: another site code is needed."),
      ]
    case .noConsent:
      [
        (
          "Le consentement du patient n'est pas enregistré : les images restent fermées.",
          "Demandez-le au site. En cas d'urgence vitale, ouvrez avec la dérogation ; elle est inscrite au dossier."
        ),
        (
          "موافقة المريض غير مسجلة: تبقى الصور مغلقة.",
          "اطلبها من الموقع. في حالة الاستعجال الحيوي افتح بالاستثناء، ويسجل ذلك في الملف."
        ),
        (
          "The patient's consent is not written down: the pictures stay closed.",
          "Ask the site for it. In a vital emergency open them with the override; it is noted in the case."
        ),
      ]
    case .otherOrigin:
      [
        ("Cette modification vient d'une autre page.", "Ouvrez la page de Rekkas elle-même et recommencez."),
        ("هذا التعديل آت من صفحة أخرى.", "افتح صفحة رقاص نفسها وأعد المحاولة."),
        ("This change comes from another page.", "Open the page of Rekkas itself and repeat."),
      ]
    case .unavailable:
      [
        ("Rien ne peut être enregistré pour l'instant.", "Réessayez dans un moment ; sinon prévenez l'administrateur."),
        ("لا يمكن حفظ أي شيء الآن.", "حاول بعد قليل؛ وإلا فأخبر المسؤول."),
        ("Nothing can be kept at the moment.", "Try again in a moment; else tell the administrator."),
      ]
    }
  }
}

extension PageLanguage {
  fileprivate var place: Int {
    switch self {
    case .french: 0
    case .arabic: 1
    case .english: 2
    }
  }
}
