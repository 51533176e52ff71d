#include <gos_msgpack.h>
#include <gtest/gtest.h>

#include <array>
#include <climits>
#include <random>
#include <string>
#include <vector>

namespace {

using Memory = std::vector<std::uint8_t>;

Memory packed(const auto& write) {
  gos_msgpack_context_t* context = nullptr;
  gos_msgpack_buffered_writer_init(&context, 0);
  write(context);
  gos_buffer_t buffer;
  gos_msgpack_buffered_writer_get_buffer(context, &buffer);
  Memory bytes(buffer.data, buffer.data + buffer.size);
  gos_msgpack_buffered_writer_deinit(context, true);
  return bytes;
}

struct Objects {
  explicit Objects(const Memory& bytes) {
    result = gos_msgpack_deserialize_with_buffer(&root, bytes.data(), static_cast<std::uint32_t>(bytes.size()),
                                                 MSGPACK_FLAGS_NONE);
  }
  ~Objects() { gos_msgpack_free_objects(root); }
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;

  gos_msgpack_object_t* root = nullptr;
  gos_result_t result;
};

TEST(GosMsgpackTest, WritesTheShortestFormOfAnInteger) {
  EXPECT_EQ(packed([](auto* context) { gos_msgpack_write_int(context, 127); }), (Memory{0x7f}));
  EXPECT_EQ(packed([](auto* context) { gos_msgpack_write_long(context, -32); }), (Memory{0xe0}));
  EXPECT_EQ(packed([](auto* context) { gos_msgpack_write_ulong(context, 128); }), (Memory{0xcc, 0x80}));
}

TEST(GosMsgpackTest, WritesNothingOfAValueThatAFixedBufferHasNoRoomFor) {
  std::array<std::uint8_t, 8> memory{};
  gos_msgpack_context_t context;
  MSGPACK_INIT_WITH_BUFFER(&context, memory.data(), memory.size());
  EXPECT_EQ(gos_msgpack_write_str(&context, "abc"), GOS_SUCCESS);
  EXPECT_EQ(gos_msgpack_write_str(&context, "abcd"), GOS_ERROR_OUT_OF_BUFFERS);
  EXPECT_EQ(gos_msgpack_write_dict_int(&context, "abc", 1), GOS_ERROR_OUT_OF_BUFFERS);
  EXPECT_EQ(context.ptr - context.buffer, 4);
  EXPECT_EQ(gos_msgpack_write_dict_int(&context, "ab", 1), GOS_SUCCESS);
  EXPECT_EQ(gos_msgpack_write_nil(&context), GOS_ERROR_OUT_OF_BUFFERS);
}

TEST(GosMsgpackTest, GivesDictsSixteenBitsWhereTheFlagSaysSo) {
  std::array<std::uint8_t, 8> memory{};
  gos_msgpack_context_t context;
  MSGPACK_INIT_WITH_BUFFER(&context, memory.data(), memory.size());
  context.flags = MSGPACK_PACK_16BIT_DICTS;
  EXPECT_EQ(gos_msgpack_write_dict_marker(&context, 1), GOS_SUCCESS);
  EXPECT_EQ(Memory(memory.data(), context.ptr), (Memory{0xde, 0, 1}));
}

TEST(GosMsgpackTest, AnswersNothingForNullAMissingKeyAndAnotherType) {
  char text[4];
  std::int64_t number = 0;
  EXPECT_EQ(MSGPACK_STR(MSGPACK_DICT(nullptr, "key"), text, sizeof text), nullptr);
  EXPECT_EQ(gos_msgpack_to_str(nullptr, text, sizeof text), nullptr);
  EXPECT_EQ(gos_msgpack_get_int(nullptr), 0);
  EXPECT_EQ(gos_msgpack_get_uint(nullptr), 0u);
  EXPECT_EQ(gos_msgpack_get_long(nullptr, &number), nullptr);
  EXPECT_EQ(gos_msgpack_get_array_object(nullptr, 0, MSGPACK_TYPE_ANY), nullptr);
  EXPECT_FALSE(gos_msgpack_object_is_type(nullptr, MSGPACK_TYPE_ANY));
  gos_msgpack_free_objects(nullptr);
  const Objects five({0x05});
  EXPECT_EQ(gos_msgpack_get_str(five.root, text, sizeof text), nullptr);
  EXPECT_EQ(MSGPACK_DICT(five.root, "key"), nullptr);
}

TEST(GosMsgpackTest, TurnsANumberThatDoesNotFitIntoTheNearestOneThatDoes) {
  const Objects large({0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  std::int64_t number = 0;
  EXPECT_EQ(gos_msgpack_get_int(large.root), INT_MAX);
  EXPECT_EQ(gos_msgpack_get_uint(large.root), UINT_MAX);
  EXPECT_EQ(*gos_msgpack_get_long(large.root, &number), INT64_MAX);
  EXPECT_FALSE(gos_msgpack_object_is_type(large.root, MSGPACK_TYPE_INT));
  EXPECT_TRUE(gos_msgpack_object_is_type(large.root, MSGPACK_TYPE_UINT));
  EXPECT_TRUE(gos_msgpack_object_is_type(large.root, MSGPACK_TYPE_INT_OR_UINT));
  const Objects negative({0xff});
  EXPECT_EQ(gos_msgpack_get_uint(negative.root), 0u);
  EXPECT_FALSE(gos_msgpack_object_is_type(negative.root, MSGPACK_TYPE_UINT));
  EXPECT_EQ(negative.root->type, MSGPACK_TYPE_INT8);
}

TEST(GosMsgpackTest, WalksContainersBeforeTheirContentAndEndsWhereTheProgramSaysSo) {
  // {"a": [1, 2], "b": 3}
  const Objects objects({0x82, 0xa1, 'a', 0x92, 0x01, 0x02, 0xa1, 'b', 0x03});
  std::string seen;
  const auto note = [](const gos_msgpack_object_t* key, const gos_msgpack_object_t* value, void* arg) {
    char text[16];
    auto& all = *static_cast<std::string*>(arg);
    all += key != nullptr ? std::string(gos_msgpack_to_str(key, text, sizeof text)) + "=" : std::string("-=");
    all += std::string(gos_msgpack_to_str(value, text, sizeof text)) + ";";
    return gos_msgpack_get_int(value) == 2 ? GOS_PARTIAL_RESULTS : GOS_SUCCESS;
  };
  EXPECT_EQ(MSGPACK_FOREACH_RECURSIVE(objects.root, note, &seen), GOS_PARTIAL_RESULTS);
  EXPECT_EQ(seen, "a=[1, 2];-=1;-=2;");
  seen.clear();
  EXPECT_EQ(gos_msgpack_foreach(objects.root, note, &seen, 0), GOS_SUCCESS);
  EXPECT_EQ(seen, "a=[1, 2];b=3;");
}

TEST(GosMsgpackTest, FreesWhatWasHungOnAnObjectWhereAskedTo) {
  const Objects objects({0xc0});
  EXPECT_EQ(gos_msgpack_set_user_context(objects.root, malloc(10), true), GOS_SUCCESS);
  EXPECT_EQ(gos_msgpack_set_user_context(objects.root, malloc(10), true), GOS_SUCCESS);  // the first is freed
}

TEST(GosMsgpackTest, RefusesWhatIsNotOneValue) {
  EXPECT_EQ(Objects({}).result, GOS_BAD_ARG);
  EXPECT_EQ(Objects({0xc1}).result, GOS_ERROR);
  EXPECT_EQ(Objects({0xc0, 0xc0}).result, GOS_ERROR);
  EXPECT_EQ(Objects({0xdd, 0xff, 0xff, 0xff, 0xff}).result, GOS_ERROR);
  EXPECT_EQ(Objects(Memory(100000, 0x91)).result, GOS_ERROR);
}

TEST(GosMsgpackTest, ReadsMutatedValuesWithoutHarm) {
  const Memory seed = packed([](auto* context) {
    gos_msgpack_write_dict_marker(context, 3);
    gos_msgpack_write_dict_str(context, "text", "hello");
    gos_msgpack_write_dict_array(context, "list", 2);
    gos_msgpack_write_double(context, 1);
    gos_msgpack_write_long(context, -5000000000);
    gos_msgpack_write_dict_bin(context, "bin", "abc", 3);
  });
  std::mt19937 random(7);
  int good = 0;
  for (int i = 0; i < 20000; ++i) {
    Memory mutated = seed;
    for (int change = 0; change < 2; ++change) mutated[random() % mutated.size()] = static_cast<std::uint8_t>(random());
    const Objects objects(mutated);
    char text[64];
    if (objects.result == GOS_SUCCESS && gos_msgpack_to_str(objects.root, text, sizeof text) != nullptr) ++good;
  }
  EXPECT_GT(good, 1000);
}

}  // namespace
