// SPDX-License-Identifier: BSD-3-Clause
#include "support/mosquitto_clients.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <sstream>

namespace test {
namespace {

constexpr int kEndMs = 20000;

std::vector<std::string> command_for(const Mosquitto& broker, const std::string& program) {
    return {program, "-h", "127.0.0.1", "-p", std::to_string(broker.port())};
}

void append(std::vector<std::string>& command, const std::vector<std::string>& words) {
    command.insert(command.end(), words.begin(), words.end());
}

bool run(const ProcessOptions& options) {
    Process process;
    const bool started = process.start(options);
    const std::optional<int> code = started ? process.wait(kEndMs) : std::nullopt;
    if (!code || *code != 0) {
        std::fprintf(stderr, "%s failed: %s\n", options.command[0].c_str(),
                     code ? ("exit code " + std::to_string(*code)).c_str() : "it does not end");
        return false;
    }
    return true;
}

std::string own_name() {
    static std::atomic<unsigned> number{0};
    return "witness-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

/// Is the last thing in the log the writing of the persistence file?
bool saved_last(const std::string& log) {
    const std::size_t at = log.rfind("Saving in-memory database");
    return at != std::string::npos && log.find('\n', at) == log.size() - 1;
}

}  // namespace

bool Observer::start(const Mosquitto& broker, const std::vector<std::string>& filters,
                     const ObserverOptions& options) {
    const std::string id = options.client_id.empty() ? own_name() : options.client_id;
    ProcessOptions process;
    process.command = command_for(broker, "mosquitto_sub");
    append(process.command, {"-i", id, "-q", std::to_string(options.qos), "-F", "%q %r %t %p"});
    if (options.persistent) {
        append(process.command, {"-c"});
    }
    if (!options.username.empty()) {
        append(process.command, {"-u", options.username, "-P", options.password});
    }
    for (const std::string& filter : filters) {
        append(process.command, {"-t", filter});
    }
    process.output_path = output_path();
    const std::string sign = "Sending SUBACK to " + id;
    const std::size_t earlier = count_of(broker.log_text(), sign);
    return process_.start(process) && broker.wait_for_log(sign, static_cast<int>(earlier + 1), kEndMs);
}

bool Observer::prepare(const Mosquitto& broker, const std::vector<std::string>& filters,
                       const std::string& client_id) {
    ProcessOptions process;
    process.command = command_for(broker, "mosquitto_sub");
    append(process.command, {"-i", client_id, "-q", "2", "-c", "-E"});
    for (const std::string& filter : filters) {
        append(process.command, {"-t", filter});
    }
    return run(process);
}

std::vector<Observed> Observer::messages() const {
    std::vector<Observed> all;
    std::istringstream lines(read_file(output_path()));
    std::string line;
    while (std::getline(lines, line) && !lines.eof()) {  // the last line may still be in the making
        std::istringstream words(line);
        Observed message;
        words >> message.qos >> message.retain >> message.topic;
        words.get();
        std::getline(words, message.payload);
        all.push_back(std::move(message));
    }
    return all;
}

std::vector<std::string> Observer::payloads(const std::string& topic) const {
    std::vector<std::string> all;
    for (const Observed& message : messages()) {
        if (topic.empty() || message.topic == topic) {
            all.push_back(message.payload);
        }
    }
    return all;
}

bool Observer::wait_for(std::size_t count, int timeout_ms) const {
    if (wait_until(timeout_ms, [&] { return count_of(read_file(output_path()), "\n") >= count; })) {
        return true;
    }
    std::fprintf(stderr, "mosquitto_sub has not seen %zu messages, but:\n%s\n", count,
                 read_file(output_path()).c_str());
    return false;
}

bool broker_publish(const Mosquitto& broker, const std::string& topic, const std::string& payload, int qos,
                    bool retain) {
    ProcessOptions process;
    process.command = command_for(broker, "mosquitto_pub");
    append(process.command, {"-q", std::to_string(qos), "-t", topic, "-m", payload});
    if (retain) {
        append(process.command, {"-r"});
    }
    return run(process);
}

bool start_broker_publisher(Process& process, const Mosquitto& broker, const std::string& topic,
                            const std::string& input_path, int qos) {
    ProcessOptions options;
    options.command = command_for(broker, "mosquitto_pub");
    append(options.command, {"-q", std::to_string(qos), "-t", topic, "-l"});
    options.input_path = input_path;
    return process.start(options);
}

bool broker_publish_lines(const Mosquitto& broker, const std::string& topic,
                          const std::vector<std::string>& lines, int qos) {
    const TemporaryFolder folder;
    std::string text;
    for (const std::string& line : lines) {
        text += line + "\n";
    }
    Process process;
    return write_file(folder.file("lines"), text) &&
           start_broker_publisher(process, broker, topic, folder.file("lines"), qos) &&
           process.wait(kEndMs) == std::optional<int>(0);
}

std::string retained_message(const Mosquitto& broker, const std::string& topic) {
    const TemporaryFolder folder;
    ProcessOptions options;
    options.command = command_for(broker, "mosquitto_sub");
    append(options.command, {"-t", topic, "-C", "1", "-W", "2", "--retained-only"});
    options.output_path = folder.file("message");
    Process process;
    if (process.start(options)) {
        process.wait(kEndMs);
    }
    std::string text = read_file(folder.file("message"));
    if (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

bool stop_broker_after_save(const Mosquitto& broker) {
    for (int attempt = 0; attempt < 100; ++attempt) {
        const std::size_t saves = count_of(broker.log_text(), "Saving in-memory database");
        broker.save_now();
        // The line is written before the file: only when mosquitto waits for input is the file complete.
        wait_until(2000, [&] {
            return count_of(broker.log_text(), "Saving in-memory database") > saves &&
                   process_state(broker.pid()) == 'S';
        });
        pause_process(broker.pid());
        if (saved_last(broker.log_text()) &&
            !std::filesystem::exists(broker.folder() + "/mosquitto.db.new")) {
            return true;
        }
        resume_process(broker.pid());
    }
    std::fprintf(stderr, "mosquitto was never seen quiet after a save\n");
    return false;
}

}  // namespace test
