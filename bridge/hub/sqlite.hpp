/// SQLite, as far as the hub needs it: one connection, its prepared statements, errors as values.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace camspan::hub {

/// One prepared statement: bind from parameter 1 on (which starts it anew), step() until it gives false, or reset() to
/// leave earlier. One thread, the one of its connection.
class Statement {
 public:
  void bind(int parameter, std::int64_t value);
  /// Copied.
  void bind(int parameter, std::string_view value);
  /// @return true: a row is there; false: done. Errc::no_space when the disk is full, else Errc::io_error.
  Result<bool> step();
  void reset();

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection to a database file in WAL mode: several processes and threads each have their own. A writer waits up
/// to 5 s for another one; a reader never waits.
class Database {
 public:
  /// How much of a committed write a power loss may take back: nothing, or the last moments (never the file itself).
  enum class Durability : std::uint8_t { full, recent_may_go };

  /// Opens or makes the file (mode 0600) and brings its tables up to date. The sentence names the file and the fix.
  static tl::expected<Database, Failure> open(const std::filesystem::path& file, Durability durability);

  /// Throws std::logic_error when `sql` does not fit the tables: it is ours, not a user's.
  Statement prepare(std::string_view sql) const;
  /// Rows changed by the last statement.
  std::int64_t changes() const;

  /// A transaction: what is written until commit() is written at once. begin() while one is open does nothing.
  void begin() const;
  /// @return Errc::no_space, Errc::io_error: nothing of it was written. Fine when none is open.
  Result<> commit() const;

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  tl::expected<void, Failure> prepare_tables(const std::filesystem::path& file);
  int execute(const char* sql) const;

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace camspan::hub
