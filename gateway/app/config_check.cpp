// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/config_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>

#include "gateway/app/templates.hpp"
#include "gateway/app/text.hpp"
#include "gateway/core/glob.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kPasswordOctetsMax = 65535;  // MQTT's two length octets

bool valid_topic(const std::string& topic) {
    return topic_name_valid(Bytes{reinterpret_cast<const std::uint8_t*>(topic.data()), topic.size()});
}

void resolve_path(std::string& path, const std::string& folder) {
    if (!path.empty() && path[0] != '/' && !folder.empty()) {
        path = (std::filesystem::path(folder) / path).string();
    }
}

/// A file descriptor that closes itself.
class File {
  public:
    explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~File() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const { return fd_; }

  private:
    int fd_;
};

/// "" when the file can be read, is a regular one and, if it is a secret, not open to everybody.
std::string file_problem(const File& file, const std::string& path, bool secret) {
    struct stat status {};
    if (file.fd() < 0 || fstat(file.fd(), &status) != 0) {
        return "cannot read " + in_quotes(path) + ": " + system_message(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return "expected a file, but " + in_quotes(path) + " is none";
    }
    if (secret && (status.st_mode & S_IROTH) != 0) {
        return in_quotes(path) + " can be read by every user of this machine; run: chmod o-rwx FILE";
    }
    return "";
}

/// One trailing line end is an editor's, not the password's.
std::string read_password(const std::string& path, std::string& out) {
    const File file(path);
    std::string problem = file_problem(file, path, true);
    if (!problem.empty()) {
        return problem;
    }
    std::string content(kPasswordOctetsMax + 3, '\0');
    std::size_t count = 0;
    while (count < content.size()) {
        const ssize_t got = read(file.fd(), content.data() + count, content.size() - count);
        if (got < 0) {
            return "cannot read " + in_quotes(path) + ": " + system_message(errno);
        }
        if (got == 0) {
            break;
        }
        count += static_cast<std::size_t>(got);
    }
    content.resize(count);
    if (content.ends_with('\n')) {
        content.pop_back();
        if (content.ends_with('\r')) {
            content.pop_back();
        }
    }
    if (content.empty()) {
        return in_quotes(path) + " is empty";
    }
    if (content.size() > kPasswordOctetsMax) {
        return "the password in " + in_quotes(path) + " is longer than 65535 octets";
    }
    out = std::move(content);
    return "";
}

void check_files(Config& config, const std::string& folder, const ReportError& report) {
    for (std::string* path : {&config.password_file, &config.ca_file, &config.cert_file, &config.key_file}) {
        resolve_path(*path, folder);
    }
    if (!config.password_file.empty()) {
        std::string problem = read_password(config.password_file, config.core.broker.password);
        if (problem.empty() && config.core.broker.username.empty()) {
            problem = "MQTT 3.1.1 has no password without a user name; set broker.username too";
        }
        if (!problem.empty()) {
            report("broker", 0, "password_file", std::move(problem));
        }
    }
    const auto check = [&](const char* key, const std::string& path, bool secret) {
        if (path.empty()) {
            return;
        }
        const File file(path);
        std::string problem = file_problem(file, path, secret);
        if (!problem.empty()) {
            report("broker", 0, key, std::move(problem));
        }
    };
    check("ca_file", config.ca_file, false);
    check("cert_file", config.cert_file, config.key_file.empty());
    check("key_file", config.key_file, true);
    if (!config.key_file.empty() && config.cert_file.empty()) {
        report("broker", 0, "key_file", "a key needs its certificate; set broker.cert_file too");
    }
}

void check_engine(const Config& config, const ReportError& report) {
    if (config.broker.websocket() && config.engine == BrokerEngine::direct) {
        report("broker", 0, "url",
               to_string(config.broker) + " is WebSocket, which needs broker.engine = \"paho\"; or use " +
                   (config.broker.tls() ? "mqtts://" : "mqtt://"));
    }
}

void check_status_topic(Config& config, const ReportError& report) {
    const std::string id = std::to_string(config.core.gateway_id);
    config.status_topic = fill_template(config.status_topic_template, {{"id", id}, {"gateway_id", id}});
    if (!config.status_topic.empty() && !valid_topic(config.status_topic)) {
        report("gateway", 0, "status_topic",
               "expected a topic name (no '+' or '#', at most " + std::to_string(kTopicLevelsMax) +
                   " levels), got " + in_quotes(config.status_topic_template));
    }
}

void check_listeners(const Config& config, const ReportError& report, const LineOf& line_of) {
    for (std::size_t i = 0; i < config.listen.size(); ++i) {
        for (std::size_t earlier = 0; earlier < i; ++earlier) {
            if (config.listen[i].same_as(config.listen[earlier])) {
                const std::uint32_t line = line_of("listen", earlier);
                report("listen", i, "url",
                       to_string(config.listen[i]) + " is given twice" +
                           (line == 0 ? "" : "; the first is in line " + std::to_string(line)));
                break;
            }
        }
    }
}

void check_predefined_topics(const Config& config, const ReportError& report, const LineOf& line_of) {
    const std::string longest_id(config.core.limits.client_id_length, 'x');
    const std::string gateway_id = std::to_string(config.core.gateway_id);
    std::map<std::pair<std::uint16_t, std::string>, std::size_t> seen;
    const std::vector<PredefinedTopic>& topics = config.core.predefined_topics;
    for (std::size_t i = 0; i < topics.size(); ++i) {
        const std::string sample =
            fill_template(topics[i].topic, {{"client_id", longest_id}, {"gateway_id", gateway_id}});
        if (!valid_topic(sample)) {
            report("predefined_topic", i, "topic",
                   "expected a topic name (no '+' or '#', at most " + std::to_string(kTopicLevelsMax) +
                       " levels), got " + in_quotes(topics[i].topic));
        }
        const auto [first, is_new] = seen.try_emplace({topics[i].id, topics[i].client}, i);
        if (!is_new) {
            report("predefined_topic", i, "id",
                   "id " + std::to_string(topics[i].id) + " for client " + in_quotes(topics[i].client) +
                       " is given twice; the first is in line " +
                       std::to_string(line_of("predefined_topic", first->second)));
        }
    }
}

void check_discovery(const Config& config, const ReportError& report) {
    const DiscoverySettings& discovery = config.core.discovery;
    if (discovery.standby_for == 0) {
        return;
    }
    if (discovery.standby_for == config.core.gateway_id) {
        report("discovery", 0, "standby_for",
               "expected the id of another gateway, got " + std::to_string(discovery.standby_for) +
                   ", which is gateway.id");
    } else if (discovery.groups == 0) {
        report("discovery", 0, "standby_for",
               "the other gateway can only be heard on a group; name one (discovery.group)");
    }
}

bool is_loopback(const BrokerUrl& url) {
    std::string host = url.host;
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    HostPort at;
    if (!url.host_is_address) {
        return host == "localhost" || host.ends_with(".localhost");  // RFC 6761
    }
    const bool v6 = host.find(':') != std::string::npos;
    if (!parse_host_port(v6 ? "[" + host + "]" : host, 1883, at).empty()) {
        return false;
    }
    const bool mapped =
        at.address[10] == 0xFF && at.address[11] == 0xFF &&
        std::all_of(at.address.begin(), at.address.begin() + 10, [](auto o) { return o == 0; });
    return mapped ? at.address[12] == 127
                  : at.address[15] == 1 &&
                        std::all_of(at.address.begin(), at.address.end() - 1, [](auto o) { return o == 0; });
}

/// What the schema takes and this version does not do yet. One row each: the day it is done, the row goes.
struct NotActiveYet {
    bool (*asked_for)(const Config&);
    const char* warning;
};
constexpr NotActiveYet kNotActiveYet[] = {
    {[](const Config& c) { return c.mqtt_version == MqttVersion::v5 && c.engine == BrokerEngine::direct; },
     "broker.version = \"5\": not active yet with engine = \"direct\": devices' sessions use MQTT 3.1.1"},
};

/// The first rule that decides for every id that rule `i` could, as far as that is easy to see.
std::size_t shadowed_by(const std::vector<ClientRule>& rules, std::size_t i) {
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
        const bool literal = rules[i].id.find_first_of("*?") == std::string::npos;
        if (rules[earlier].id == rules[i].id || rules[earlier].id == "*" ||
            (literal && glob_match(rules[earlier].id, rules[i].id))) {
            return earlier;
        }
    }
    return i;
}

}  // namespace

void check_config(Config& config, const std::string& folder, const ReportError& report,
                  const LineOf& line_of) {
    check_status_topic(config, report);
    check_listeners(config, report, line_of);
    check_engine(config, report);
    check_files(config, folder, report);
    check_predefined_topics(config, report, line_of);
    check_discovery(config, report);
}

void add_warnings(Config& config) {
    for (const NotActiveYet& row : kNotActiveYet) {
        if (row.asked_for(config)) {
            config.warnings.emplace_back(row.warning);
        }
    }
    const bool clear = !config.broker.tls() && !is_loopback(config.broker);
    if (clear && !config.core.broker.username.empty()) {
        config.warnings.push_back("broker.username: user name and password cross the network to " +
                                  host_and_port(config.broker) + " in clear text; use mqtts://");
    }
    const bool tls_files = !config.ca_file.empty() || !config.cert_file.empty() || !config.key_file.empty();
    if (tls_files && !config.broker.tls()) {
        config.warnings.push_back("broker.ca_file, cert_file, key_file: no effect, because broker.url is " +
                                  to_string(config.broker) + " and not mqtts:// or wss://");
    }
    const DiscoverySettings& discovery = config.core.discovery;
    if (discovery.advertise && discovery.groups == 0) {
        config.warnings.emplace_back("discovery.advertise = true: no effect without discovery.group");
    }
    if (!discovery.advertise && discovery.standby_for != 0) {
        config.warnings.emplace_back(
            "discovery.standby_for: without discovery.advertise = true the gateway does not advertise when "
            "it "
            "takes over; it only answers SEARCHGW then");
    }
    std::uint32_t largest = 0;
    for (const ListenerSettings& listener : config.core.listeners) {
        largest = std::max(largest, listener.max_datagram);
    }
    if (config.core.sleep.max_bytes < largest) {
        config.warnings.push_back("sleep.max_bytes = " + std::to_string(config.core.sleep.max_bytes) +
                                  ": less than listen.max_datagram = " + std::to_string(largest) +
                                  ", so larger messages are always dropped");
    }
    // A broken list of rules has as many mistakes as rules; some are enough.
    std::size_t left = 10;
    for (std::size_t i = 1; i < config.core.clients.size() && left > 0; ++i) {
        const std::size_t earlier = shadowed_by(config.core.clients, i);
        if (earlier != i) {
            --left;
            config.warnings.push_back("client.id = " + in_quotes(config.core.clients[i].id) +
                                      ": never used, because " + in_quotes(config.core.clients[earlier].id) +
                                      " stands before it and matches first");
        }
    }
}

}  // namespace mqttsn::gateway
