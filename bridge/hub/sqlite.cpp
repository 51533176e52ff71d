#include "hub/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace camspan::hub {
namespace {

// The busy timeout: a hub and a `device add` write for milliseconds each.
constexpr int kBusyMs = 5000;
constexpr int kSchemaVersion = 1;

/// devices and uploads are what no other file holds; segments can be rebuilt from recordings/.
constexpr const char* kTables = R"sql(
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS devices (
  id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', secret TEXT NOT NULL DEFAULT '',
  added_ms INTEGER NOT NULL, last_seen_ms INTEGER);
CREATE TABLE IF NOT EXISTS segments (
  path TEXT PRIMARY KEY, device TEXT NOT NULL, channel INTEGER NOT NULL, stream TEXT NOT NULL,
  start_ms INTEGER NOT NULL, duration_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
  first_tag INTEGER NOT NULL, end_tag INTEGER NOT NULL, base_ms INTEGER NOT NULL, finished INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS segments_by_time ON segments (device, channel, start_ms);
CREATE INDEX IF NOT EXISTS segments_by_stream ON segments (device, channel, stream, end_tag);
CREATE TABLE IF NOT EXISTS streams (
  device TEXT NOT NULL, channel INTEGER NOT NULL, stream TEXT NOT NULL, meta TEXT NOT NULL,
  PRIMARY KEY (device, channel, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ends (path TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS expired (
  device TEXT NOT NULL, channel INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
  PRIMARY KEY (device, channel)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (
  device TEXT NOT NULL, channel INTEGER NOT NULL, stream TEXT NOT NULL, tags INTEGER NOT NULL, stored INTEGER NOT NULL,
  PRIMARY KEY (device, channel, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rests (
  device TEXT NOT NULL, channel INTEGER NOT NULL, rest TEXT NOT NULL, stream TEXT NOT NULL, stored INTEGER NOT NULL,
  PRIMARY KEY (device, channel, rest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, device TEXT NOT NULL, name TEXT NOT NULL,
  overwrite INTEGER NOT NULL, state INTEGER NOT NULL, position INTEGER NOT NULL, checksum INTEGER NOT NULL,
  used_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS uploads_by_name ON uploads (device, name);
PRAGMA user_version = 1;
COMMIT;
)sql";

std::string quoted(const std::filesystem::path& file) {
  return file.string();
}

tl::unexpected<Failure> failure(const std::filesystem::path& file, int code, sqlite3* handle) {
  const std::string why = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  std::string fix = "Let the hub's user read and write it and its folder.";
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
    fix = "Move it away and start again: recordings are indexed anew from their files, devices have to be added again.";
  else if (code == SQLITE_FULL)
    fix = "Make room on that disk.";
  else if (code == SQLITE_BUSY)
    fix = "Another program holds it: end that program.";
  return tl::unexpected(Failure{code == SQLITE_FULL ? Errc::no_space : Errc::io_error,
                                "cannot use the database " + quoted(file) + ": " + why + ". " + fix});
}

Errc error_of(int code) {
  return (code & 0xff) == SQLITE_FULL ? Errc::no_space : Errc::io_error;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int parameter, std::int64_t value) {
  if (parameter == 1) reset();
  sqlite3_bind_int64(statement_.get(), parameter, value);
}

void Statement::bind(int parameter, std::string_view value) {
  if (parameter == 1) reset();
  sqlite3_bind_text64(statement_.get(), parameter, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(statement_.get());
  if (code == SQLITE_DONE) return false;
  return fail(error_of(code));
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  if (!text) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

tl::expected<Database, Failure> Database::open(const std::filesystem::path& file, Durability durability) {
  // SQLite gives its -wal and -shm files the mode of the database, so that must be right from the start: it has
  // secrets. Only where it is new: closing a second descriptor of an open database would drop its locks.
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0)
    ::close(fd);
  else if (errno != EEXIST)
    return tl::unexpected(Failure{std::error_code(errno, std::generic_category()),
                                  "cannot open the database " + quoted(file) + ": " + std::strerror(errno) +
                                      ". Let the hub's user read and write it and its folder."});
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return failure(file, code, raw);
  sqlite3_busy_timeout(raw, kBusyMs);
  const char* const mode = durability == Durability::full ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                                          : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;";
  if (const int set = database.execute(mode); set != SQLITE_OK) return failure(file, set & 0xff, raw);
  if (auto ready = database.prepare_tables(file); !ready) return tl::unexpected(ready.error());
  return database;
}

tl::expected<void, Failure> Database::prepare_tables(const std::filesystem::path& file) {
  std::int64_t version = 0;
  {
    Statement statement = prepare("PRAGMA user_version");
    const auto row = statement.step();
    if (!row) return failure(file, sqlite3_errcode(handle_.get()), handle_.get());
    version = statement.integer(0);
  }
  if (version > kSchemaVersion)
    return tl::unexpected(Failure{
        Errc::unsupported, "the database " + quoted(file) + " was written by a newer camspan-hub. Run that version."});
  // Also reads the tables of an existing file, so that a damaged one is found here.
  if (const int code = execute(kTables); code != SQLITE_OK) return failure(file, code & 0xff, handle_.get());
  return {};
}

int Database::execute(const char* sql) const {
  return sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
}

Statement Database::prepare(std::string_view sql) const {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK)
    throw std::logic_error("bad statement: " + std::string(sql) + ": " + sqlite3_errmsg(handle_.get()));
  return Statement(raw);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(handle_.get());
}

void Database::begin() const {
  if (sqlite3_get_autocommit(handle_.get()) != 0) execute("BEGIN");
}

Result<> Database::commit() const {
  if (sqlite3_get_autocommit(handle_.get()) != 0) return {};
  const int code = execute("COMMIT");
  if (code == SQLITE_OK) return {};
  execute("ROLLBACK");
  return fail(error_of(code));
}

}  // namespace camspan::hub
