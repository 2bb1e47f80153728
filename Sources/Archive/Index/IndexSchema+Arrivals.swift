extension IndexSchema {
  /// Objects that come in pieces. See <doc:ArrivingObjects>.
  static let arrivals = """
    -- What was announced and is not whole; never changed but removed.
    CREATE TABLE arrival (
      id INTEGER PRIMARY KEY,
      digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
      received_digest BLOB NOT NULL UNIQUE CHECK (length(received_digest) = 32),
      site TEXT NOT NULL,
      study TEXT NOT NULL,
      series TEXT NOT NULL,
      instance TEXT NOT NULL UNIQUE,
      sop_class TEXT NOT NULL,
      transfer_syntax TEXT NOT NULL,
      size INTEGER NOT NULL,
      header INTEGER NOT NULL,
      is_ladder INTEGER NOT NULL,
      -- A FrameExtents.
      frames BLOB NOT NULL,
      announced_at REAL NOT NULL
    ) STRICT;
    CREATE INDEX arrival_by_site ON arrival (site, digest);
    CREATE INDEX arrival_by_study ON arrival (study, series);

    -- What changes with every flush: narrow, so that a layer of three hundred images writes a few pages.
    CREATE TABLE arrival_state (
      arrival_id INTEGER PRIMARY KEY REFERENCES arrival ON DELETE CASCADE,
      -- NULL until the header is here.
      instance_id INTEGER UNIQUE REFERENCES instance ON DELETE SET NULL,
      -- The durable bytes, as the flat list of a ByteRanges, each number as the distance from the one before.
      have BLOB NOT NULL,
      bytes INTEGER NOT NULL,
      -- Pictures that can be drawn: 0 none, 1 small ones, 2 readable ones.
      stage INTEGER NOT NULL,
      last_at REAL NOT NULL
    ) STRICT;

    -- Where whole objects came from, and under which digest: what a receipt was given for.
    CREATE TABLE link_instance (
      instance_id INTEGER PRIMARY KEY REFERENCES instance ON DELETE CASCADE,
      site TEXT NOT NULL,
      digest BLOB NOT NULL
    ) STRICT;
    CREATE INDEX link_instance_by_digest ON link_instance (digest);

    -- A StudyManifest, and when bytes came last.
    CREATE TABLE link_study (
      study TEXT PRIMARY KEY,
      site TEXT NOT NULL,
      case_number TEXT NOT NULL,
      objects INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      sealed INTEGER NOT NULL,
      sealed_by TEXT NOT NULL,
      digests TEXT NOT NULL,
      last_at REAL
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX instance_arriving ON instance (preparation) WHERE preparation = 4;

    -- For the administrator: what was not taken, and why.
    CREATE TABLE arrival_refusal (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      site TEXT NOT NULL,
      digest BLOB NOT NULL,
      instance TEXT NOT NULL,
      study TEXT NOT NULL,
      reason TEXT NOT NULL,
      detail TEXT NOT NULL,
      times INTEGER NOT NULL,
      first_at REAL NOT NULL,
      last_at REAL NOT NULL,
      UNIQUE (site, digest)
    ) STRICT;
    """
}
