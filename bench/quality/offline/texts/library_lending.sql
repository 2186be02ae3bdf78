-- Library lending system, schema version 14
-- target: PostgreSQL 15

BEGIN;

CREATE TYPE loan_state AS ENUM ('open', 'returned', 'overdue', 'lost');

CREATE TABLE branch (
    branch_id   serial PRIMARY KEY,
    name        varchar(80) NOT NULL,
    city        varchar(60) NOT NULL,
    opened_on   date
);

CREATE TABLE author (
    author_id   serial PRIMARY KEY,
    full_name   varchar(120) NOT NULL,
    born        smallint,
    died        smallint,
    CHECK (died IS NULL OR died >= born)
);

CREATE TABLE publisher (
    publisher_id serial PRIMARY KEY,
    name         varchar(120) NOT NULL UNIQUE
);

CREATE TABLE book (
    book_id      serial PRIMARY KEY,
    isbn         char(13) UNIQUE,
    title        varchar(250) NOT NULL,
    publisher_id integer REFERENCES publisher (publisher_id),
    year         smallint CHECK (year BETWEEN 1450 AND 2100),
    pages        integer,
    language     char(2) NOT NULL DEFAULT 'en'
);

-- many to many
CREATE TABLE book_author (
    book_id   integer NOT NULL REFERENCES book (book_id) ON DELETE CASCADE,
    author_id integer NOT NULL REFERENCES author (author_id),
    position  smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (book_id, author_id)
);

CREATE TABLE copy (
    copy_id     bigserial PRIMARY KEY,
    book_id     integer NOT NULL REFERENCES book (book_id),
    branch_id   integer NOT NULL REFERENCES branch (branch_id),
    barcode     varchar(24) NOT NULL UNIQUE,
    acquired_on date NOT NULL DEFAULT current_date,
    price       numeric(8,2),
    withdrawn   boolean NOT NULL DEFAULT false
);

CREATE TABLE member (
    member_id   bigserial PRIMARY KEY,
    card_no     char(10) NOT NULL UNIQUE,
    first_name  varchar(60) NOT NULL,
    last_name   varchar(60) NOT NULL,
    email       varchar(200),
    phone       varchar(30),
    joined_on   date NOT NULL DEFAULT current_date,
    home_branch integer REFERENCES branch (branch_id),
    max_loans   smallint NOT NULL DEFAULT 12,
    blocked     boolean NOT NULL DEFAULT false
);

CREATE TABLE loan (
    loan_id     bigserial PRIMARY KEY,
    copy_id     bigint NOT NULL REFERENCES copy (copy_id),
    member_id   bigint NOT NULL REFERENCES member (member_id) ON DELETE RESTRICT,
    state       loan_state NOT NULL DEFAULT 'open',
    lent_at     timestamptz NOT NULL DEFAULT now(),
    due_on      date NOT NULL,
    returned_at timestamptz,
    renewals    smallint NOT NULL DEFAULT 0 CHECK (renewals <= 3)
);

CREATE TABLE fine (
    fine_id   bigserial PRIMARY KEY,
    loan_id   bigint NOT NULL REFERENCES loan (loan_id),
    amount    numeric(6,2) NOT NULL CHECK (amount > 0),
    paid_at   timestamptz
);

CREATE TABLE reservation (
    reservation_id bigserial PRIMARY KEY,
    book_id        integer NOT NULL REFERENCES book (book_id),
    member_id      bigint NOT NULL REFERENCES member (member_id) ON DELETE CASCADE,
    placed_at      timestamptz NOT NULL DEFAULT now(),
    expires_on     date
);

CREATE INDEX book_title_idx ON book (lower(title));
CREATE INDEX copy_book_idx ON copy (book_id);
CREATE INDEX loan_member_idx ON loan (member_id) WHERE state <> 'returned';
CREATE UNIQUE INDEX loan_one_open ON loan (copy_id) WHERE returned_at IS NULL;
CREATE INDEX reservation_book_idx ON reservation (book_id, placed_at);

CREATE VIEW overdue_loans AS
SELECT l.loan_id, m.card_no, m.email, b.title, l.due_on
FROM loan l
JOIN member m USING (member_id)
JOIN copy c USING (copy_id)
JOIN book b ON b.book_id = c.book_id
WHERE l.returned_at IS NULL AND l.due_on < current_date;

COMMENT ON TABLE fine IS 'Only created by the nightly job';

COMMIT;
