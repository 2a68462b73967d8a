// SPDX-License-Identifier: BSD-3-Clause
//
// The inside of scenario.hpp: the sections of a file as a list in which single keys can be replaced (--set, a
// sweep), how that list becomes a Scenario, and what is checked over all of it. Only for scenario*.cpp.
#ifndef TESTS_LOSSY_SCENARIO_READER_HPP
#define TESTS_LOSSY_SCENARIO_READER_HPP

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "lossy/scenario_schema.hpp"

namespace mqttsn::lossy {

/// Where something was written: a place in the file, or an option of the command line.
struct Origin {
    gateway::TomlPosition at;
    std::string option;  ///< "--set link.loss=1%"; "" = in the file
};

struct FileKey {
    const KeyRow* row = nullptr;
    gateway::TomlValue value;
    Origin origin;
};

/// A section that the schema knows. Of a repeated section `index` says which; of a table inside one, which it
/// is in.
struct FileSection {
    const SectionRow* row = nullptr;
    std::size_t index = 0;
    Origin origin;
    std::vector<FileKey> keys;
};

using FileSections = std::vector<FileSection>;

/// Collects errors; each is one line.
class ErrorList {
  public:
    explicit ErrorList(std::string file) : file_(std::move(file)) {}
    /// @param key  "" when no key is to blame
    void add(const Origin& origin, std::string_view key, const std::string& message);
    bool empty() const { return errors_.empty(); }
    bool full() const { return errors_.size() > kScenarioErrorsMax; }
    /// In the order of the file, at most kScenarioErrorsMax and a line that counts the rest.
    std::vector<std::string> lines() const;

  private:
    struct Error {
        Origin origin;
        std::string text;
    };
    std::string file_;
    std::vector<Error> errors_;
};

/// "device.link" and "loss" -> "device.link.loss", escaped.
std::string shown_key(std::string_view section, std::string_view key);

/// All sections of a document; what the schema does not know is an error.
FileSections read_sections(const gateway::TomlDocument& document, ErrorList& errors);

/// Splits "device.retry_interval" into row and section. @returns nullptr and why, with a suggestion
const KeyRow* find_parameter(std::string_view parameter, std::string& problem);

/// Gives `row` another value: in the sections where it stands, or in all of its kind. @returns "" or why not
std::string replace_key(FileSections& sections, const KeyRow& row, const gateway::TomlValue& value,
                        const Origin& origin);

/// @returns the scenario that the sections describe; only to be used if no error was added
Scenario interpret(const FileSections& sections, const std::string& file, ErrorList& errors);

/// What needs more than one key to be judged. `report` finds out where the key stands.
using ReportProblem = std::function<void(std::string_view section, std::size_t index, std::string_view key,
                                         const std::string& message)>;
void check_scenario(const Scenario& scenario, const ReportProblem& report);
/// The default of [scenario] drain.
Micros computed_drain(const Scenario& scenario);

}  // namespace mqttsn::lossy

#endif
