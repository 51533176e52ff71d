#include "recordings/tag_ledger.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "recordings/file.hpp"

namespace camspan::recordings {
namespace {

constexpr const char* kFile = "streams.ledger";
constexpr std::array<char, 8> kMagic{'c', 's', 'p', 't', 'a', 'g', 's', '1'};
constexpr std::size_t kNameBytes = 36;
constexpr std::size_t kPageBytes = 4096;
// More outages than that without one connection in between, and the oldest are not counted.
constexpr std::size_t kRows = kPageBytes / 64 - 1;
// What receivers take for a number.
constexpr std::uint64_t kMaxTags = 1ull << 62;

bool is_uuid(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-') || (!dash && !std::strchr("0123456789abcdef", text[i] ? text[i] : 'x'))) return false;
  }
  return text.size() == kNameBytes;
}

}  // namespace

/// The count is stored last and cleared first, so that a row is whole whenever the program ends.
struct TagLedger::Row {
  std::array<char, kNameBytes> name;
  std::array<char, 12> unused;
  std::uint64_t order;  ///< rises with each stream
  std::uint64_t tags;   ///< 0 = the row is free

  std::uint64_t load() { return std::atomic_ref(tags).load(std::memory_order_acquire); }
  void store(std::uint64_t value) { std::atomic_ref(tags).store(value, std::memory_order_release); }
  std::string_view text() const { return {name.data(), name.size()}; }
};

struct TagLedger::Page {
  std::array<char, 64> magic;
  std::array<Row, kRows> rows;

  /// Forgets what cannot be ours.
  void check() {
    if (!std::equal(kMagic.begin(), kMagic.end(), magic.begin())) {
      std::memset(static_cast<void*>(this), 0, sizeof *this);
      std::copy(kMagic.begin(), kMagic.end(), magic.begin());
    }
    for (Row& row : rows)
      if (!is_uuid(row.text()) || row.load() > kMaxTags) row.store(0);
  }
};

Result<std::unique_ptr<TagLedger>> TagLedger::open(const std::filesystem::path& folder) {
  static_assert(sizeof(Row) == 64 && sizeof(Page) == kPageBytes);
  const int fd = ::open((folder / kFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail(file_error(errno));
  const auto failed = [fd](std::error_code error) {
    ::close(fd);
    return fail(error);
  };
  // A file system that knows no locks is used without.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return failed(make_error_code(Errc::busy));
  // A page without a place on the disk would end the program when it is touched.
  if (const int error = ::posix_fallocate(fd, 0, kPageBytes); error != 0) return failed(file_error(error));
  void* const memory = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return failed(file_error(errno));
  ::mlock(memory, kPageBytes);  // kept in memory where that is allowed: a page that is stored to costs no reading
  auto* const page = static_cast<Page*>(memory);
  page->check();
  return std::unique_ptr<TagLedger>(new TagLedger(fd, page));
}

TagLedger::~TagLedger() {
  ::munmap(page_, kPageBytes);
  ::close(fd_);
}

TagLedger::Row* TagLedger::find(const std::string& name) const {
  const auto row = std::ranges::find_if(page_->rows, [&](Row& r) { return r.load() != 0 && r.text() == name; });
  return row == page_->rows.end() ? nullptr : &*row;
}

/// One that is free, or the oldest.
TagLedger::Row& TagLedger::free_row() const {
  return *std::ranges::min_element(page_->rows, {},
                                   [](Row& row) { return row.load() == 0 ? std::uint64_t{0} : row.order + 1; });
}

std::uint64_t* TagLedger::begin(const std::string& name) {
  settle(name);
  std::uint64_t order = 0;
  for (Row& row : page_->rows)
    if (row.load() != 0) order = std::max(order, row.order + 1);
  Row& row = free_row();
  row.store(0);
  std::ranges::fill(row.name, '\0');
  std::copy_n(name.begin(), std::min(name.size(), row.name.size()), row.name.begin());
  row.order = order;
  current_ = &row;
  return &row.tags;
}

std::vector<TagLedger::Stream> TagLedger::before() const {
  std::vector<Row*> rows;
  for (Row& row : page_->rows)
    if (&row != current_ && row.load() != 0) rows.push_back(&row);
  std::ranges::sort(rows, {}, [](const Row* row) { return row->order; });
  std::vector<Stream> streams;
  for (Row* row : rows) streams.push_back({std::string(row->text()), row->load()});
  return streams;
}

void TagLedger::settle(const std::string& name) {
  if (Row* const row = find(name)) row->store(0);
}

}  // namespace camspan::recordings
