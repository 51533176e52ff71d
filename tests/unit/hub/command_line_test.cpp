#include "hub/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace camspan::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// An environment variable for the length of a scope.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name_); }

 private:
  const char* name_;
};

class CommandLineTest : public testing::Test {
 protected:
  tl::expected<CommandLine, Exit> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "camspan-hub");
    out_.str("");
    err_.str("");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), out_, err_);
  }

  std::ostringstream out_, err_;
};

TEST_F(CommandLineTest, ServesByDefault) {
  for (const auto& arguments : {std::vector<const char*>{}, {"serve"}}) {
    const auto line = parse(arguments);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->command, Command::serve);
    EXPECT_FALSE(line->overrides.data);
    EXPECT_FALSE(line->overrides.listen);
    EXPECT_EQ(line->ready_fd, -1);
  }
}

TEST_F(CommandLineTest, TakesOptionsBeforeAndAfterTheSubCommand) {
  for (const auto& arguments :
       {std::vector<const char*>{"--data", "d", "--config", "c", "--log-level", "warn", "serve"},
        {"serve", "--data", "d", "--config", "c", "--log-level", "warn"},
        {"--data", "d", "device", "list", "--config", "c", "--log-level", "warn"},
        {"token", "--device", "*", "--data=d", "--allow", "live", "--config=c", "--log-level=warn"}}) {
    const auto line = parse(arguments);
    ASSERT_TRUE(line) << err_.str();
    EXPECT_EQ(line->overrides.data, "d");
    EXPECT_EQ(line->config_file, "c");
    EXPECT_EQ(line->overrides.log_level, "warn");
  }
}

TEST_F(CommandLineTest, ReadsTheOptionsOfServe) {
  const auto line =
      parse({"--listen", "h:1", "--plain", "h:2", "--tls-cert", "c", "--tls-key", "k", "--ready-fd", "7"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->overrides.listen, "h:1");
  EXPECT_EQ(line->overrides.plain, "h:2");
  EXPECT_EQ(line->overrides.tls_cert, "c");
  EXPECT_EQ(line->overrides.tls_key, "k");
  EXPECT_EQ(line->ready_fd, 7);
}

TEST_F(CommandLineTest, EnvironmentStandsInForOptionsAndGoesUnderThem) {
  const Environment data("CAMSPAN_DATA", "from-environment");
  const Environment listen("CAMSPAN_LISTEN", "h:9");
  EXPECT_EQ(parse({})->overrides.data, "from-environment");
  EXPECT_EQ(parse({"--data", "mine"})->overrides.data, "mine");
  // A variable meant for serve does not disturb other commands.
  EXPECT_TRUE(parse({"device", "list"}));
}

TEST_F(CommandLineTest, ReadsDeviceCommands) {
  const auto add = parse({"device", "add", "camspan.cam1", "--secret-file", "f"});
  ASSERT_TRUE(add) << err_.str();
  EXPECT_EQ(add->command, Command::device_add);
  EXPECT_EQ(add->device, "cam1");
  EXPECT_EQ(add->secret_file, "f");
  EXPECT_EQ(parse({"device", "list"})->command, Command::device_list);
  EXPECT_EQ(parse({"device", "remove", "pk.a"})->device, "pk.a");
  EXPECT_EQ(parse({"device", "rotate", "a"})->command, Command::device_rotate);
}

TEST_F(CommandLineTest, ReadsTheTokenCommand) {
  const auto line =
      parse({"token", "--device", "*", "--allow", "live, playback,admin", "--ttl", "30d", "--subject", "alice"});
  ASSERT_TRUE(line) << err_.str();
  EXPECT_EQ(line->command, Command::token);
  EXPECT_EQ(line->device, "*");
  EXPECT_THAT(line->allow, ElementsAre(Right::live, Right::playback, Right::admin));
  EXPECT_EQ(line->ttl, std::chrono::days(30));
  EXPECT_EQ(line->subject, "alice");
  EXPECT_EQ(parse({"token", "--device", "a", "--allow", "live"})->ttl, std::chrono::hours(1));
}

TEST_F(CommandLineTest, MistakesAreUsageErrorsWithASentence) {
  const std::pair<std::vector<const char*>, const char*> rows[] = {
      {{"bogus"}, "bogus"},
      {{"--bogus"}, "--bogus"},
      {{"device"}, "subcommand"},
      {{"device", "add"}, "ID"},
      {{"device", "add", "a/b"}, "no device id"},
      {{"device", "remove", "*"}, "no device id"},
      {{"device", "list", "--listen", "h:1"}, "--listen"},
      {{"token", "--device", "a"}, "--allow"},
      {{"token", "--device", "a", "--allow", "fly"}, "fly"},
      {{"token", "--device", "a", "--allow", "live", "--ttl", "soon"}, "soon"},
      {{"token", "--device", "a b", "--allow", "live"}, "no device id"},
      {{"--ready-fd", "-1"}, "ready-fd"},
  };
  for (const auto& [arguments, part] : rows) {
    const auto line = parse(arguments);
    ASSERT_FALSE(line) << part;
    EXPECT_EQ(line.error(), Exit::usage) << part;
    EXPECT_THAT(err_.str(), HasSubstr(part));
  }
}

TEST_F(CommandLineTest, HelpTeachesByExamples) {
  const auto line = parse({"--help"});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error(), Exit::fine);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("camspan-hub device add front-door"), HasSubstr("--ready-fd")));
  parse({"token", "--help"});
  EXPECT_THAT(out_.str(), HasSubstr("--ttl 365d"));
}

}  // namespace
}  // namespace camspan::hub
