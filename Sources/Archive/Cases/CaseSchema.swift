/// The tables of cases; see ``IndexSchema``.
enum CaseSchema {
  static let tables = """
    CREATE TABLE patient_case (
      number TEXT PRIMARY KEY,
      site TEXT NOT NULL,
      -- The site's code, with which the number begins.
      code TEXT NOT NULL,
      -- An Urgency's rank.
      urgency INTEGER NOT NULL,
      specialty TEXT NOT NULL,
      patient_id TEXT NOT NULL,
      patient_issuer TEXT NOT NULL,
      patient_name TEXT NOT NULL,
      birth_date TEXT NOT NULL,
      sex TEXT NOT NULL,
      question TEXT NOT NULL,
      context TEXT NOT NULL,
      -- 1 yes, 0 no, NULL not asked.
      consent INTEGER,
      consent_at REAL,
      accession_number TEXT NOT NULL,
      requested_by TEXT NOT NULL,
      state TEXT NOT NULL,
      made_by TEXT NOT NULL,
      created_at REAL NOT NULL,
      revision INTEGER NOT NULL,
      -- A SealedBy, or empty.
      sealed_by TEXT NOT NULL,
      sealed_at REAL NOT NULL,
      addenda INTEGER NOT NULL,
      -- Folded words, each behind a space.
      words TEXT NOT NULL,
      -- The newest revision that the hub has.
      sent_revision INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX case_by_order ON patient_case (state, urgency, created_at, number);
    CREATE INDEX case_by_accession_number ON patient_case (accession_number) WHERE accession_number != '';
    CREATE INDEX case_by_code ON patient_case (code);
    -- What the hub must still hear.
    CREATE INDEX case_to_send ON patient_case (urgency, created_at) WHERE revision > sent_revision;

    -- Studies are named by UID: a case may be here before its images, and after them.
    CREATE TABLE case_study (
      number TEXT NOT NULL REFERENCES patient_case ON DELETE CASCADE,
      study_uid TEXT NOT NULL,
      -- accession, rule, hand, site
      joined_by TEXT NOT NULL,
      joined_at REAL NOT NULL,
      place INTEGER NOT NULL,
      PRIMARY KEY (number, study_uid)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX case_study_by_study ON case_study (study_uid, number);

    -- Studies that a person has put somewhere, or nowhere: nothing moves them by itself any more.
    CREATE TABLE case_hand (
      study_uid TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE case_event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      number TEXT NOT NULL,
      at REAL NOT NULL,
      who TEXT NOT NULL,
      what TEXT NOT NULL,
      detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX case_event_by_case ON case_event (number, id);

    -- The last serial given. A number is never given twice, even if its case were gone.
    CREATE TABLE case_serial (
      code TEXT NOT NULL,
      year INTEGER NOT NULL,
      last INTEGER NOT NULL,
      PRIMARY KEY (code, year)
    ) STRICT, WITHOUT ROWID;
    """

  static let refusals = """
    -- At a site: what the hub says to a case that it does not take. A later revision makes it void.
    CREATE TABLE case_refusal (
      number TEXT PRIMARY KEY REFERENCES patient_case ON DELETE CASCADE,
      revision INTEGER NOT NULL,
      -- A CaseRefusal.Code.
      code TEXT NOT NULL,
      field TEXT NOT NULL,
      detail TEXT NOT NULL,
      at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- In the centre: when a case of a site was heard of first, by the clock here; 0 for our own.
    ALTER TABLE patient_case ADD COLUMN heard_at REAL NOT NULL DEFAULT 0;
    """
}
