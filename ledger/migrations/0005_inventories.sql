-- Books: what a workstation last said of itself, and since when each package has been on it.
CREATE TABLE inventories (
    workstation INTEGER PRIMARY KEY,
    seen        TEXT NOT NULL,
    inventory   TEXT NOT NULL
);

CREATE TABLE installed_packages (
    workstation INTEGER NOT NULL,
    package     TEXT NOT NULL,
    version     TEXT NOT NULL,
    manager     TEXT NOT NULL,
    since       TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (workstation, package, version, manager)
);
