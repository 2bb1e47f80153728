/// The tables of the outbox; see ``IndexSchema``.
enum OutboxSchema {
  /// `outbox_study` counts by triggers, so that no way of changing an object can be forgotten.
  static let tables = """
    CREATE TABLE outbox_study (
      study_id INTEGER PRIMARY KEY REFERENCES study ON DELETE CASCADE,
      -- By a CaseRule: an Urgency's rank.
      urgency INTEGER NOT NULL,
      last_at REAL NOT NULL,
      -- A SealedBy, or empty.
      sealed_by TEXT NOT NULL DEFAULT '',
      sealed_at REAL NOT NULL DEFAULT 0,
      objects INTEGER NOT NULL DEFAULT 0,
      bytes INTEGER NOT NULL DEFAULT 0,
      -- Not prepared yet.
      waiting INTEGER NOT NULL DEFAULT 0,
      acknowledged INTEGER NOT NULL DEFAULT 0,
      acknowledged_bytes INTEGER NOT NULL DEFAULT 0,
      acknowledged_at REAL NOT NULL DEFAULT 0,
      aside INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE outbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      instance_id INTEGER NOT NULL UNIQUE REFERENCES instance ON DELETE CASCADE,
      study_id INTEGER NOT NULL REFERENCES outbox_study ON DELETE CASCADE,
      queued_at REAL NOT NULL,
      -- As the instance has them now.
      size INTEGER NOT NULL,
      waits INTEGER NOT NULL,
      failures INTEGER NOT NULL DEFAULT 0,
      -- Why it stepped aside, or empty.
      aside TEXT NOT NULL DEFAULT '',
      -- When the hub said that it has it; 0 before.
      acknowledged_at REAL NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX outbox_by_study ON outbox (study_id);
    CREATE INDEX outbox_to_send ON outbox (study_id, id) WHERE acknowledged_at = 0;

    CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
      UPDATE outbox_study SET objects = objects + 1, bytes = bytes + NEW.size, waiting = waiting + NEW.waits
        WHERE study_id = NEW.study_id;
    END;
    CREATE TRIGGER outbox_removed AFTER DELETE ON outbox BEGIN
      UPDATE outbox_study SET objects = objects - 1, bytes = bytes - OLD.size, waiting = waiting - OLD.waits,
          aside = aside - (OLD.aside != ''), acknowledged = acknowledged - (OLD.acknowledged_at != 0),
          acknowledged_bytes = acknowledged_bytes - iif(OLD.acknowledged_at != 0, OLD.size, 0)
        WHERE study_id = OLD.study_id;
    END;
    CREATE TRIGGER outbox_changed AFTER UPDATE ON outbox BEGIN
      UPDATE outbox_study SET bytes = bytes + NEW.size - OLD.size, waiting = waiting + NEW.waits - OLD.waits,
          aside = aside + (NEW.aside != '') - (OLD.aside != ''),
          acknowledged = acknowledged + (NEW.acknowledged_at != 0) - (OLD.acknowledged_at != 0),
          acknowledged_bytes = acknowledged_bytes + iif(NEW.acknowledged_at != 0, NEW.size, 0)
            - iif(OLD.acknowledged_at != 0, OLD.size, 0),
          acknowledged_at = max(acknowledged_at, NEW.acknowledged_at)
        WHERE study_id = NEW.study_id;
    END;
    CREATE TRIGGER outbox_prepared AFTER UPDATE OF preparation, size ON instance BEGIN
      UPDATE outbox SET size = NEW.size, waits = (NEW.preparation = 0) WHERE instance_id = NEW.id;
    END;

    -- What was sent whole and is no longer here.
    CREATE TABLE sent_study (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      study_uid TEXT NOT NULL,
      case_number TEXT NOT NULL,
      objects INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      description TEXT NOT NULL,
      modalities TEXT NOT NULL,
      stored_at REAL NOT NULL,
      sent_at REAL NOT NULL,
      removed_at REAL NOT NULL
    ) STRICT;
    CREATE INDEX sent_study_by_uid ON sent_study (study_uid);

    -- Files whose rows are gone and which may still lie there.
    CREATE TABLE sent_file (
      digest BLOB NOT NULL,
      received_digest BLOB NOT NULL,
      instance_uid TEXT NOT NULL,
      study_uid TEXT NOT NULL,
      PRIMARY KEY (digest, received_digest)
    ) STRICT, WITHOUT ROWID;
    -- Received objects that the journal must not bring back: those that went since it was last empty.
    CREATE TABLE sent_object (
      received_digest BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
    """

  /// Queueing an image of a study that is known is one statement and touches one index less: a fifth less work for SQLite (14 µs, not 18).
  static let oneStep = """
    DROP TRIGGER outbox_added;
    CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
      UPDATE outbox_study SET objects = objects + 1, bytes = bytes + NEW.size, waiting = waiting + NEW.waits,
          last_at = max(last_at, NEW.queued_at)
        WHERE study_id = NEW.study_id;
    END;
    DROP INDEX outbox_by_study;
    DROP INDEX outbox_to_send;
    -- Also for all of a study.
    CREATE INDEX outbox_to_send ON outbox (study_id, acknowledged_at);
    """
}
