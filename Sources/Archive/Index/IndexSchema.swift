import GRDB

/// The tables of the index. A migration that was released is never edited: a change is a new one.
///
/// Wide values (kept JSON) stand in tables of their own, so that searches walk over narrow rows. A missing number is
/// stored as ``noNumber``, a missing text as empty: both then sort last, as everywhere in the answers.
enum IndexSchema {
  /// Greater than any value of VR IS.
  static let noNumber: Int64 = 1 << 31

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("objects") { db in
      try db.execute(sql: objects)
    }
    migrator.registerMigration("quarantine") { db in
      try db.execute(sql: quarantine)
    }
    migrator.registerMigration("preparation") { db in
      try db.execute(sql: preparation)
    }
    migrator.registerMigration("cases") { db in
      try db.execute(sql: CaseSchema.tables)
    }
    migrator.registerMigration("outbox") { db in
      try db.execute(sql: OutboxSchema.tables)
    }
    migrator.registerMigration("arrivals") { db in
      try db.execute(sql: arrivals)
    }
    migrator.registerMigration("thumbnails") { db in
      try db.execute(sql: thumbnails)
    }
    migrator.registerMigration("outbox in one step") { db in
      try db.execute(sql: OutboxSchema.oneStep)
    }
    migrator.registerMigration("case refusals") { db in
      try db.execute(sql: CaseSchema.refusals)
    }
    return migrator
  }

  private static let objects = """
    CREATE TABLE study (
      id INTEGER PRIMARY KEY,
      uid TEXT NOT NULL UNIQUE,
      patient_id TEXT NOT NULL,
      name_key TEXT NOT NULL,
      birth_date TEXT NOT NULL,
      study_date TEXT NOT NULL,
      study_time TEXT NOT NULL,
      accession_number TEXT NOT NULL,
      description_key TEXT NOT NULL,
      referring_key TEXT NOT NULL,
      modalities TEXT NOT NULL,
      series_count INTEGER NOT NULL,
      instance_count INTEGER NOT NULL,
      first_received_at REAL NOT NULL
    ) STRICT;
    -- The order of answers, with what unanchored searches look at beside it.
    CREATE INDEX study_by_date ON study (
      study_date DESC, study_time DESC, id DESC, name_key, patient_id, accession_number);
    CREATE INDEX study_by_patient_id ON study (patient_id, study_date DESC, study_time DESC, id DESC);
    CREATE INDEX study_by_accession_number ON study (accession_number);

    CREATE TABLE study_members (
      study_id INTEGER PRIMARY KEY REFERENCES study ON DELETE CASCADE,
      mask INTEGER NOT NULL,
      members BLOB NOT NULL
    ) STRICT;

    CREATE TABLE study_name (
      key TEXT NOT NULL,
      study_id INTEGER NOT NULL REFERENCES study ON DELETE CASCADE,
      PRIMARY KEY (key, study_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX study_name_by_study ON study_name (study_id);

    CREATE TABLE series (
      id INTEGER PRIMARY KEY,
      study_id INTEGER NOT NULL REFERENCES study ON DELETE CASCADE,
      uid TEXT NOT NULL,
      modality TEXT NOT NULL,
      number INTEGER NOT NULL,
      description_key TEXT NOT NULL,
      instance_count INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX series_by_uid ON series (uid, study_id);
    CREATE INDEX series_by_study ON series (study_id, number, id);

    CREATE TABLE series_members (
      series_id INTEGER PRIMARY KEY REFERENCES series ON DELETE CASCADE,
      mask INTEGER NOT NULL,
      members BLOB NOT NULL
    ) STRICT;

    CREATE TABLE source (
      id INTEGER PRIMARY KEY,
      channel TEXT NOT NULL,
      calling_ae_title TEXT NOT NULL,
      called_ae_title TEXT NOT NULL,
      peer_address TEXT NOT NULL,
      UNIQUE (channel, calling_ae_title, called_ae_title, peer_address)
    ) STRICT;

    CREATE TABLE instance (
      id INTEGER PRIMARY KEY,
      series_id INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
      uid TEXT NOT NULL UNIQUE,
      digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
      size INTEGER NOT NULL,
      sop_class TEXT NOT NULL,
      transfer_syntax TEXT NOT NULL,
      data_set_offset INTEGER NOT NULL,
      rows INTEGER NOT NULL,
      columns INTEGER NOT NULL,
      frames INTEGER NOT NULL,
      number INTEGER NOT NULL,
      received_at REAL NOT NULL,
      source_id INTEGER NOT NULL REFERENCES source,
      pixel_data BLOB NOT NULL
    ) STRICT;
    CREATE INDEX instance_by_series ON instance (series_id, number, id);

    CREATE TABLE metadata (
      instance_id INTEGER PRIMARY KEY REFERENCES instance ON DELETE CASCADE,
      json BLOB NOT NULL
    ) STRICT;

    CREATE TABLE totals (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      studies INTEGER NOT NULL,
      series INTEGER NOT NULL,
      instances INTEGER NOT NULL,
      bytes INTEGER NOT NULL
    ) STRICT;
    INSERT INTO totals VALUES (1, 0, 0, 0, 0);

    CREATE TABLE state (
      name TEXT PRIMARY KEY,
      value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  private static let quarantine = """
    CREATE TABLE quarantine (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
      reason TEXT NOT NULL,
      detail TEXT NOT NULL,
      size INTEGER NOT NULL,
      times INTEGER NOT NULL,
      received_at REAL NOT NULL,
      last_received_at REAL NOT NULL,
      channel TEXT NOT NULL,
      calling_ae_title TEXT NOT NULL,
      called_ae_title TEXT NOT NULL,
      peer_address TEXT NOT NULL,
      expected_sop_class TEXT NOT NULL,
      expected_sop_instance TEXT NOT NULL,
      expected_study TEXT NOT NULL
    ) STRICT;
    """

  /// `instance` describes the file that is kept now: the received one, or the prepared one that stands for it. The received digest
  /// stays for ever.
  private static let preparation = """
    ALTER TABLE instance ADD COLUMN received_digest BLOB NOT NULL DEFAULT x'';
    -- A PreparationState.
    ALTER TABLE instance ADD COLUMN preparation INTEGER NOT NULL DEFAULT 0;
    UPDATE instance SET received_digest = digest, preparation = iif(frames > 0 AND transfer_syntax IN (
      '1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2'), 0, 2);
    CREATE UNIQUE INDEX instance_by_received_digest ON instance (received_digest);
    -- The queue: only what waits is in it, in the order of arrival.
    CREATE INDEX instance_waiting ON instance (preparation) WHERE preparation = 0;

    CREATE TABLE prepared_file (
      instance_id INTEGER PRIMARY KEY REFERENCES instance ON DELETE CASCADE,
      layers BLOB NOT NULL,
      received_size INTEGER NOT NULL,
      received_transfer_syntax TEXT NOT NULL,
      -- A ReceivedFile.
      received_file INTEGER NOT NULL,
      prepared_at REAL NOT NULL,
      rule TEXT NOT NULL
    ) STRICT;
    CREATE INDEX received_file_to_remove ON prepared_file (received_file) WHERE received_file = 1;

    CREATE TABLE preparation_note (
      instance_id INTEGER PRIMARY KEY REFERENCES instance ON DELETE CASCADE,
      -- Begun and not ended: what remains here was the end of the process.
      attempts INTEGER NOT NULL,
      code TEXT NOT NULL,
      detail TEXT NOT NULL,
      noted_at REAL NOT NULL
    ) STRICT;
    """
}

extension IndexSchema {
  /// Of prepared files; apart from the narrow rows, as everything wide.
  private static let thumbnails = """
    CREATE TABLE thumbnail (
      instance_id INTEGER PRIMARY KEY REFERENCES instance ON DELETE CASCADE,
      frame INTEGER NOT NULL,
      side INTEGER NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      hidden INTEGER NOT NULL,
      profile TEXT NOT NULL,
      jpeg BLOB NOT NULL
    ) STRICT;
    """
}

/// How far an object is on its way to a prepared file; the numbers stand in the index.
enum PreparationState: Int64, Sendable {
  case waiting = 0
  /// The file kept now is the prepared one.
  case prepared = 1
  /// There is nothing to prepare, or the profile says so.
  case untouched = 2
  /// It could not be prepared or proven: somebody should look.
  case refused = 3
  /// It comes over a thin link, and not all of it is here: there is no file in the object store.
  case arriving = 4
}

/// What is to become of the received file beside its prepared one; the numbers stand in the index.
enum ReceivedFile: Int64, Sendable {
  case gone = 0
  /// When its time has come and nobody reads it.
  case toRemove = 1
  /// By the profile.
  case kept = 2
}
