-- The event chain: the only truth. Everything below it is written from it and can be dropped.
CREATE TABLE events (
    seq  INTEGER PRIMARY KEY,
    line BLOB NOT NULL
);

CREATE TRIGGER events_grow_without_gaps BEFORE INSERT ON events
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
BEGIN
    SELECT RAISE(ABORT, 'events grow by one');
END;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted');
END;

-- Which command ids were answered, and by which events: a retry gets the same answer.
CREATE TABLE answered (
    command   TEXT PRIMARY KEY,
    intent    TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE opening (
    organisation TEXT NOT NULL,
    salt         TEXT NOT NULL,
    public_key   TEXT NOT NULL
);

CREATE TABLE people (
    person INTEGER PRIMARY KEY,
    name   TEXT NOT NULL,
    post   TEXT NOT NULL,
    unit   TEXT NOT NULL
);

CREATE TABLE logins (
    person INTEGER NOT NULL REFERENCES people (person),
    kind   TEXT NOT NULL CHECK (kind IN ('host', 'domain')),
    realm  TEXT NOT NULL,
    login  TEXT NOT NULL,
    PRIMARY KEY (person, kind, realm, login)
);

CREATE INDEX logins_by_login ON logins (login, realm);

CREATE TABLE admissions (
    person       INTEGER NOT NULL REFERENCES people (person),
    order_number TEXT NOT NULL,
    order_date   TEXT NOT NULL,
    seq          INTEGER PRIMARY KEY
);

CREATE INDEX admissions_by_person ON admissions (person);

CREATE TABLE workstations (
    workstation INTEGER PRIMARY KEY,
    host        TEXT NOT NULL UNIQUE,
    inventory   TEXT NOT NULL,
    place       TEXT NOT NULL
);

CREATE TABLE carriers (
    carrier INTEGER PRIMARY KEY,
    maker   TEXT NOT NULL,
    model   TEXT NOT NULL,
    serial  TEXT NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0,
    UNIQUE (serial, maker, model)
);

CREATE TABLE documents (
    document      INTEGER PRIMARY KEY,
    number        TEXT NOT NULL UNIQUE,
    carrier       INTEGER NOT NULL REFERENCES carriers (carrier),
    copy          INTEGER NOT NULL,
    name          TEXT NOT NULL,
    certificate   TEXT NOT NULL,
    key_not_after TEXT NOT NULL,
    made_on       TEXT NOT NULL,
    standing      TEXT NOT NULL,
    reason        TEXT NOT NULL DEFAULT '',
    holder        INTEGER REFERENCES people (person),
    receipt       TEXT NOT NULL DEFAULT '',
    UNIQUE (carrier, copy)
);

CREATE INDEX documents_by_holder ON documents (holder);
