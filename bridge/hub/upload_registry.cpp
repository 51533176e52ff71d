#include "hub/upload_registry.hpp"

namespace camspan::hub {
namespace {

constexpr auto kPart = static_cast<std::int64_t>(UploadRecord::State::part);

Result<> done(Statement& statement) {
  const auto stepped = statement.step();
  if (!stepped) return fail(stepped.error());
  return {};
}

}  // namespace

tl::expected<UploadRegistry, Failure> UploadRegistry::open(const std::filesystem::path& file) {
  auto database = Database::open(file, Database::Durability::full);
  if (!database) return tl::unexpected(std::move(database.error()));
  return UploadRegistry(std::move(*database));
}

UploadRegistry::UploadRegistry(Database database)
    : database_(std::move(database)),
      add_(database_.prepare("INSERT INTO uploads (id, device, name, overwrite, state, position, checksum, used_ms) "
                             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING number")),
      find_(database_.prepare("SELECT number, id, device, name, overwrite, state, position, checksum, used_ms "
                              "FROM uploads WHERE id = ?1")),
      save_(
          database_.prepare("UPDATE uploads SET state = ?2, position = ?3, checksum = ?4, used_ms = ?5 WHERE id = ?1")),
      remove_(database_.prepare("DELETE FROM uploads WHERE id = ?1")),
      forget_(database_.prepare("DELETE FROM uploads WHERE device = ?1 AND name = ?2 AND id <> ?3 AND state <> ?4")),
      count_(database_.prepare("SELECT count(*) FROM uploads WHERE device = ?1 AND state = ?2")),
      unused_(database_.prepare("SELECT number, id, device, name, overwrite, state, position, checksum, used_ms "
                                "FROM uploads WHERE used_ms < ?1")) {}

UploadRecord UploadRegistry::read(const Statement& row) {
  UploadRecord upload;
  upload.number = row.integer(0);
  upload.id = row.text(1);
  upload.device = row.text(2);
  upload.name = row.text(3);
  upload.overwrite = row.integer(4) != 0;
  upload.state = static_cast<UploadRecord::State>(row.integer(5));
  upload.position = static_cast<std::uint64_t>(row.integer(6));
  upload.checksum = static_cast<std::uint64_t>(row.integer(7));
  upload.used = UtcTime(std::chrono::milliseconds(row.integer(8)));
  return upload;
}

Result<std::int64_t> UploadRegistry::add(const UploadRecord& upload) {
  add_.bind(1, upload.id);
  add_.bind(2, upload.device);
  add_.bind(3, upload.name);
  add_.bind(4, std::int64_t{upload.overwrite});
  add_.bind(5, static_cast<std::int64_t>(upload.state));
  add_.bind(6, static_cast<std::int64_t>(upload.position));
  add_.bind(7, static_cast<std::int64_t>(upload.checksum));
  add_.bind(8, upload.used.time_since_epoch().count());
  const auto row = add_.step();
  if (!row) return fail(row.error());
  const std::int64_t number = add_.integer(0);
  // The row is written when the statement has come to its end.
  if (const auto end = done(add_); !end) return fail(end.error());
  return number;
}

Result<std::optional<UploadRecord>> UploadRegistry::find(std::string_view id) {
  find_.bind(1, id);
  const auto row = find_.step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<UploadRecord>();
  auto upload = read(find_);
  find_.reset();
  return upload;
}

Result<> UploadRegistry::save(const UploadRecord& upload) {
  save_.bind(1, upload.id);
  save_.bind(2, static_cast<std::int64_t>(upload.state));
  save_.bind(3, static_cast<std::int64_t>(upload.position));
  save_.bind(4, static_cast<std::int64_t>(upload.checksum));
  save_.bind(5, upload.used.time_since_epoch().count());
  if (auto saved = done(save_); !saved) return saved;
  return database_.changes() > 0 ? Result<>() : fail(Errc::not_found);
}

Result<> UploadRegistry::remove(std::string_view id) {
  remove_.bind(1, id);
  return done(remove_);
}

Result<> UploadRegistry::forget_replaced(const UploadRecord& upload) {
  forget_.bind(1, upload.device);
  forget_.bind(2, upload.name);
  forget_.bind(3, upload.id);
  forget_.bind(4, kPart);
  return done(forget_);
}

Result<std::size_t> UploadRegistry::count_open(std::string_view device) {
  count_.bind(1, device);
  count_.bind(2, kPart);
  const auto row = count_.step();
  if (!row) return fail(row.error());
  const auto count = static_cast<std::size_t>(count_.integer(0));
  count_.reset();
  return count;
}

Result<std::vector<UploadRecord>> UploadRegistry::unused_since(UtcTime before) {
  std::vector<UploadRecord> uploads;
  unused_.bind(1, before.time_since_epoch().count());
  for (;;) {
    const auto row = unused_.step();
    if (!row) return fail(row.error());
    if (!*row) return uploads;
    uploads.push_back(read(unused_));
  }
}

}  // namespace camspan::hub
