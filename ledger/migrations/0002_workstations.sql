-- What workstations sent: the raw lines of their journals, never changed. A branch is one telling
-- of one journal: a rewritten journal begins a further branch beside what was told before.
CREATE TABLE journals (
    workstation INTEGER NOT NULL,
    generation  TEXT NOT NULL,
    branch      INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    head        TEXT NOT NULL,
    PRIMARY KEY (workstation, generation, branch)
);

CREATE TABLE journal_lines (
    workstation INTEGER NOT NULL,
    generation  TEXT NOT NULL,
    branch      INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    line        BLOB NOT NULL,
    PRIMARY KEY (workstation, generation, branch, seq)
) WITHOUT ROWID;

CREATE TRIGGER journal_lines_are_never_changed BEFORE UPDATE ON journal_lines
BEGIN
    SELECT RAISE(ABORT, 'journal lines are never changed');
END;

CREATE TRIGGER journal_lines_are_never_deleted BEFORE DELETE ON journal_lines
BEGIN
    SELECT RAISE(ABORT, 'journal lines are never deleted');
END;

-- Books, written from events like those of 0001.
CREATE TABLE enrolment_codes (
    code_hash   TEXT PRIMARY KEY,
    workstation INTEGER NOT NULL,
    expires     TEXT NOT NULL,
    used        INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE enrolments (
    workstation INTEGER PRIMARY KEY,
    public_key  TEXT NOT NULL,
    token_hash  TEXT NOT NULL UNIQUE
);

CREATE TABLE cases (
    number      INTEGER PRIMARY KEY,
    workstation INTEGER NOT NULL,
    severity    TEXT NOT NULL,
    what        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    opened      INTEGER NOT NULL,
    closed      INTEGER,
    reason      TEXT NOT NULL DEFAULT '',
    mailed      TEXT NOT NULL DEFAULT ''
);

CREATE INDEX cases_by_matter ON cases (workstation, what, subject);
