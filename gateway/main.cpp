// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-gateway: command line -> config -> log -> runner. The one place that names all the parts.
#include <cstdio>
#include <string>

#include "gateway/app/cli.hpp"
#include "gateway/app/config.hpp"
#include "gateway/app/log.hpp"
#include "gateway/app/runner.hpp"
#include "gateway/broker/own_session.hpp"
#include "gateway/broker/write_guard.hpp"

using namespace mqttsn::gateway;

namespace {

int finish(const CliExit& exit) {
    std::fputs(exit.out.c_str(), stdout);
    std::fputs(exit.err.c_str(), stderr);
    return exit.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    const CliResult cli = parse_cli(argc, argv);
    if (!cli.options) {
        return finish(cli.exit);
    }
    if (cli.options->check_config) {
        return finish(check_config_report(*cli.options));
    }
    const ConfigResult result = load_config(cli.options->config_file, cli.options->overrides);
    if (!result.config) {
        return finish(CliExit{kExitUsage, "", error_lines(result.errors)});
    }
    const Config& config = *result.config;
    prepare_process_for_own_session();
    LogOptions log_options;
    log_options.level = config.log_level;
    log_options.format = config.log_format;
    log_options.journal = stderr_is_journal();
    Log log(log_options);
    for (const std::string& warning : config.warnings) {
        log.write(LogLevel::warn, "config", {{"warning", warning}});
    }
    if (!write_guard_active()) {
        log.write(LogLevel::warn, "the guard against a fault of Paho MQTT C is not active",
                  {{"detail", "link libpaho-mqtt3as as a shared library"}});
    }
    Runner runner(config, *cli.options, log);
    return runner.run();
}
