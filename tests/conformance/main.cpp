// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-conformance: see README.md beside this file.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>

#include "conformance/broker_relay.hpp"
#include "conformance/options.hpp"
#include "conformance/runner.hpp"

namespace {

using namespace conformance;

CaseTable asked_for(const Options& options) {
    CaseTable cases = all_cases();
    cases.erase(std::remove_if(cases.begin(), cases.end(),
                               [&](const CaseInfo& info) { return !matches(info, options.filters); }),
                cases.end());
    return cases;
}

std::string drawn_name() {
    std::random_device entropy;
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%06x", static_cast<unsigned>(entropy() & 0xFFFFFFU));
    return text.data();
}

int complain(int code, const std::string& what) {
    std::fprintf(stderr, "mqttsn-conformance: %s\n", what.c_str());
    return code;
}

int run(const Options& options, const CaseTable& cases) {
    Environment environment;
    environment.options = options;
    environment.run = drawn_name();
    std::random_device entropy;
    environment.short_names = entropy() % 3844;
    const std::optional<Address> gateway = resolve(options.gateway, SOCK_DGRAM);
    const std::optional<Address> broker = resolve(options.broker, SOCK_STREAM);
    if (!gateway.has_value() || !broker.has_value()) {
        return complain(1, "cannot resolve " + (gateway ? options.broker.host : options.gateway.host));
    }
    environment.gateway = *gateway;
    environment.broker = *broker;
    std::unique_ptr<BrokerRelay> relay;
    if (options.relay.has_value()) {
        try {
            relay = std::make_unique<BrokerRelay>(*options.relay, *broker);
        } catch (const std::runtime_error& error) {
            return complain(1, error.what());
        }
        environment.relay = relay.get();
    }
    const std::string missing = find_both(environment);
    if (!missing.empty()) {
        return complain(1, missing);
    }
    const Clock::time_point start = Clock::now();
    const std::vector<Result> results = run_cases(environment, cases, [&](const Result& result) {
        std::fputs(to_text(result, options.verbose).c_str(), stdout);
        std::fflush(stdout);
    });
    const auto time = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    const Tally tally = count(results);
    std::fputs(summary(tally, time).c_str(), stdout);
    if (!options.junit.empty()) {
        std::ofstream file(options.junit);
        file << to_junit(results, time);
        if (!file.flush().good()) {
            return complain(1, "cannot write " + options.junit);
        }
    }
    return tally.failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const Command command = parse_options(argc, argv);
    std::fputs(command.out.c_str(), stdout);
    std::fputs(command.err.c_str(), stderr);
    if (!command.options.has_value()) {
        return command.exit_code;
    }
    const CaseTable cases = asked_for(*command.options);
    if (cases.empty()) {
        return complain(2, "no case matches the filter");
    }
    if (command.options->list) {
        for (const CaseInfo& info : cases) {
            std::printf("%s\t%s\n", info.id, rules_of(info).c_str());
        }
        return 0;
    }
    return run(*command.options, cases);
}
