#include "hub/command_line.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "hub/quantity.hpp"

namespace camspan::hub {
namespace {

constexpr const char* kAbout =
    "camspan-hub receives what cameras upload, records it, and shows it to viewers: live and by time.\n"
    "Without a sub-command it serves.";

constexpr const char* kExamples =
    "Examples:\n"
    "  camspan-hub                                         serve on https://127.0.0.1:8443, data in ./camspan-data\n"
    "  camspan-hub --listen 0.0.0.0:8443 --data /srv/cams  let other machines in\n"
    "  camspan-hub device add front-door                   make a device; prints its [[device]] table once\n"
    "  camspan-hub token --device front-door --allow upload --ttl 365d\n"
    "  camspan-hub token --device '*' --allow live,playback --ttl 12h\n"
    "Every option of serve can stand in the TOML file of --config, and as CAMSPAN_* in the environment; the command\n"
    "line goes first, then the environment, then the file. docs/operating-the-hub.md has the whole of it.";

/// The options as CLI11 fills them.
struct Raw {
  std::string config, data, listen, plain, tls_cert, tls_key, log_level, allow, ttl = "1h";
};

CLI::Option* text(CLI::App& app, const char* name, const char* type, std::string& into, const char* help,
                  const char* variable) {
  return app.add_option(name, into, help)->envname(variable)->type_name(type);
}

/// What the command line or the environment gave, if it did.
std::optional<std::string> given(const CLI::Option* option, const std::string& value) {
  return option->count() > 0 ? std::optional(value) : std::nullopt;
}

/// Options that only serve takes: their being on the line with another command is a mistake, in the environment not.
void refuse_for_others(const CLI::App& app, const CLI::App* command, std::initializer_list<const CLI::Option*> options,
                       const std::vector<std::string>& arguments) {
  if (!command || command->get_name() == "serve") return;
  for (const CLI::Option* option : options)
    for (const std::string& argument : arguments)
      if (argument == option->get_name() || argument.starts_with(option->get_name() + "="))
        throw CLI::ExtrasError(app.get_name() + " " + command->get_name(), {argument});
}

std::vector<Right> parse_rights(const std::string& list) {
  std::vector<Right> rights;
  for (const std::string& name : CLI::detail::split(list, ',')) {
    const auto right = parse_right(CLI::detail::trim_copy(name));
    if (!right)
      throw CLI::ValidationError("--allow", "\"" + name + "\" is none of live, playback, talk, command, upload, admin");
    rights.push_back(*right);
  }
  return rights;
}

std::string parse_device(const std::string& text, bool or_all) {
  if (or_all && text == "*") return text;
  const auto id = DeviceId::parse(text);
  if (!id)
    throw CLI::ValidationError("ID", "\"" + text +
                                         "\" is no device id: letters, digits, dots, dashes and underscores, "
                                         "at most 64, beginning with a letter or digit, not ending in .flv");
  return id->str();
}

/// The whole parser. One object, because CLI11 fills its members during parse().
class Parser {
 public:
  Parser() : app_(kAbout, "camspan-hub") {
    app_.footer(kExamples);
    app_.set_version_flag("--version", "camspan-hub " CAMSPAN_VERSION);
    app_.fallthrough();
    app_.require_subcommand(0, 1);
    add_options();
    serve_ = app_.add_subcommand("serve", "Receive, record and show; what happens without a sub-command");
    add_device_commands();
    add_token_command();
  }

  CommandLine parse(int argc, const char* const* argv) {
    app_.parse(argc, argv);
    return take({argv + 1, argv + argc});
  }

  int explain(const CLI::ParseError& error, std::ostream& out, std::ostream& err) const {
    return app_.exit(error, out, err);
  }

 private:
  void add_options() {
    config_ = text(app_, "--config", "FILE", raw_.config, "TOML file with settings", "CAMSPAN_CONFIG");
    data_ = text(app_, "--data", "FOLDER", raw_.data, "Folder for recordings, files and hub.sqlite [./camspan-data]",
                 "CAMSPAN_DATA");
    listen_ = text(app_, "--listen", "HOST:PORT", raw_.listen,
                   "Address for TLS: HTTP/2, HTTP/1.1, WebSocket [127.0.0.1:8443]", "CAMSPAN_LISTEN");
    cert_ = text(app_, "--tls-cert", "FILE", raw_.tls_cert,
                 "Certificate chain, PEM [a self-signed one in the data folder]", "CAMSPAN_TLS_CERT");
    key_ = text(app_, "--tls-key", "FILE", raw_.tls_key, "Its key: PEM file or provider URI", "CAMSPAN_TLS_KEY");
    plain_ =
        text(app_, "--plain", "HOST:PORT", raw_.plain, "Address without TLS, loopback only [none]", "CAMSPAN_PLAIN");
    level_ = text(app_, "--log-level", "LEVEL", raw_.log_level, "error, warn, info, debug or trace [info]",
                  "CAMSPAN_LOG_LEVEL");
    ready_ = app_.add_option("--ready-fd", result_.ready_fd,
                             "Write `listen=HOST:PORT plain=HOST:PORT` to this descriptor when the ports are open")
                 ->check(CLI::NonNegativeNumber.description(""))
                 ->type_name("N");
  }

  void add_device_commands() {
    device_ =
        app_.add_subcommand("device", "Add, list and remove devices; works while a hub runs on the same data folder");
    device_->fallthrough();
    device_->require_subcommand(1);
    add_ = device_->add_subcommand("add", "Make a device and print its [[device]] table, secret included, once");
    add_->footer(
        "Examples:\n  camspan-hub device add cam1 > cam1.toml\n"
        "  camspan-hub device add myproduct.door --secret-file door.secret");
    add_->add_option("--secret-file", result_.secret_file, "Take the secret from this file instead of making one")
        ->type_name("FILE");
    list_ = device_->add_subcommand("list", "List devices, without their secrets");
    remove_ = device_->add_subcommand("remove", "Forget a device; its recordings stay");
    rotate_ = device_->add_subcommand("rotate", "Give a device a new secret and print it");
    for (CLI::App* command : {add_, remove_, rotate_})
      command->add_option("ID", result_.device, "Device id; PK.NAME sets product key and device name")
          ->required()
          ->type_name("");
    for (CLI::App* command : {add_, list_, remove_, rotate_}) command->fallthrough();
  }

  void add_token_command() {
    token_ = app_.add_subcommand("token", "Print a token (JWT) signed with the hub's key");
    token_->footer(
        "Examples:\n  camspan-hub token --device cam1 --allow upload --ttl 365d > cam1.token\n"
        "  camspan-hub token --device '*' --allow live,playback,admin --subject alice");
    token_->add_option("--device", result_.device, "Device id, or * for all")->required()->type_name("");
    token_->add_option("--allow", raw_.allow, "Rights, joined by commas: live,playback,talk,command,upload,admin")
        ->required()
        ->type_name("");
    token_->add_option("--ttl", raw_.ttl, "How long it is good, such as 15m, 1h, 30d [1h]")->type_name("");
    token_->add_option("--subject", result_.subject, "Whom it is for; only for people to read")->type_name("");
  }

  CommandLine take(const std::vector<std::string>& arguments) {
    const auto commands = app_.get_subcommands();
    refuse_for_others(app_, commands.empty() ? nullptr : commands.front(), {listen_, plain_, cert_, key_, ready_},
                      arguments);
    result_.config_file = given(config_, raw_.config);
    result_.overrides = {given(data_, raw_.data),     given(listen_, raw_.listen), given(plain_, raw_.plain),
                         given(cert_, raw_.tls_cert), given(key_, raw_.tls_key),   given(level_, raw_.log_level)};
    if (device_->parsed()) take_device();
    if (token_->parsed()) take_token();
    return result_;
  }

  void take_device() {
    result_.command = add_->parsed()      ? Command::device_add
                      : list_->parsed()   ? Command::device_list
                      : remove_->parsed() ? Command::device_remove
                                          : Command::device_rotate;
    if (result_.command != Command::device_list) result_.device = parse_device(result_.device, false);
  }

  void take_token() {
    result_.command = Command::token;
    result_.device = parse_device(result_.device, true);
    result_.allow = parse_rights(raw_.allow);
    const auto ttl = parse_duration(raw_.ttl);
    if (!ttl || *ttl < std::chrono::seconds(1))
      throw CLI::ValidationError("--ttl", "\"" + raw_.ttl + "\" is no time such as 15m, 1h or 30d");
    result_.ttl = *ttl;
  }

  CLI::App app_;
  Raw raw_;
  CommandLine result_;
  CLI::Option *config_ = nullptr, *data_ = nullptr, *listen_ = nullptr, *plain_ = nullptr, *cert_ = nullptr,
              *key_ = nullptr, *level_ = nullptr, *ready_ = nullptr;
  CLI::App *serve_ = nullptr, *device_ = nullptr, *add_ = nullptr, *list_ = nullptr, *remove_ = nullptr,
           *rotate_ = nullptr, *token_ = nullptr;
};

}  // namespace

tl::expected<CommandLine, Exit> parse_command_line(int argc, const char* const* argv, std::ostream& out,
                                                   std::ostream& err) {
  Parser parser;
  try {
    return parser.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(parser.explain(error, out, err) == 0 ? Exit::fine : Exit::usage);
  }
}

}  // namespace camspan::hub
