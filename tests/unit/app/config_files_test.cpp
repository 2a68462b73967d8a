// SPDX-License-Identifier: BSD-3-Clause
//
// The config and the files it names: passwords, certificates, the config file itself.
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "config_steps.hpp"
#include "gateway/app/config.hpp"

using namespace mqttsn::gateway;
using config_steps::said;

namespace {

/// A folder of its own for tests with files.
struct Folder {
    std::string path;
    std::vector<std::string> files;
};

int make_folder(void** state) {
    char path[] = "/tmp/dormouse-config-XXXXXX";
    if (mkdtemp(path) == nullptr) {
        return -1;
    }
    *state = new Folder{path, {}};
    return 0;
}

int remove_folder(void** state) {
    auto* folder = static_cast<Folder*>(*state);
    for (const std::string& file : folder->files) {
        unlink(file.c_str());
    }
    rmdir(folder->path.c_str());
    delete folder;
    return 0;
}

std::string put(Folder& folder, const std::string& name, std::string_view content, mode_t mode = 0600) {
    std::string path = folder.path + "/" + name;
    folder.files.push_back(path);
    std::ofstream(path, std::ios::binary) << content;
    chmod(path.c_str(), mode);
    return path;
}

void password_is_the_file_without_its_last_line_end(void** state) {
    auto& folder = *static_cast<Folder*>(*state);
    const std::string config =
        put(folder, "g.toml", "[broker]\nusername = \"u\"\npassword_file = \"secret\"\n");
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"abc", "abc"},
        {"abc\n", "abc"},
        {"abc\r\n", "abc"},
        {"abc\n\n", "abc\n"},
        {" abc \n", " abc "},
        {"a\nb\n", "a\nb"},
        {std::string_view("a\0b\n", 4), std::string_view("a\0b", 3)},
        {"abc\r", "abc\r"},
    };
    for (const auto& [content, password] : rows) {
        put(folder, "secret", content);
        const ConfigResult result =
            load_config(config);  // found beside the config file, not in the working folder
        check::equal(said(result), "");
        check::equal(result.config->core.broker.password, password);
        check::equal(result.config->password_file, folder.path + "/secret");
        for (const ConfigLine& line : describe(*result.config)) {
            check::that(line.value.find("abc") == std::string::npos, line.key);
        }
    }
}

// FAULT-101
void bad_password_files_are_refused(void** state) {
    auto& folder = *static_cast<Folder*>(*state);
    const std::string config =
        put(folder, "g.toml", "[broker]\nusername = \"u\"\npassword_file = \"secret\"\n");
    const std::string where = config + ":3:17: broker.password_file: ";
    const std::string secret = "\"" + folder.path + "/secret\"";
    check::equal(said(load_config(config)),
                 where + "cannot read " + secret + ": No such file or directory\n");
    put(folder, "secret", "abc", 0604);
    check::equal(said(load_config(config)),
                 where + secret + " can be read by every user of this machine; run: chmod o-rwx FILE\n");
    put(folder, "secret", "abc", 0640);
    check::equal(said(load_config(config)), "");
    put(folder, "secret", "\n", 0600);
    check::equal(said(load_config(config)), where + secret + " is empty\n");
    put(folder, "secret", std::string(65535, 'a') + "\r\n", 0600);
    check::equal(said(load_config(config)), "");
    put(folder, "secret", std::string(65536, 'a'), 0600);
    check::contains(said(load_config(config)), "is longer than 65535 octets");
    put(folder, "secret", std::string(1 << 20, 'a'), 0600);
    check::contains(said(load_config(config)), "is longer than 65535 octets");
    put(folder, "secret", "abc", 0600);
    put(folder, "g.toml", "[broker]\npassword_file = \"secret\"\n");
    check::contains(said(load_config(config)),
                    "2:17: broker.password_file: MQTT 3.1.1 has no password without a user");
}

// FAULT-101
void keys_of_tls_are_looked_at_when_the_config_is_read(void** state) {
    auto& folder = *static_cast<Folder*>(*state);
    put(folder, "cert.pem", "x", 0644);
    put(folder, "key.pem", "x", 0644);
    const std::string start = "[broker]\nurl = \"mqtts://x\"\n";
    const std::string config =
        put(folder, "g.toml", start + "cert_file = \"cert.pem\"\nkey_file = \"key.pem\"\n");
    check::contains(said(load_config(config)),
                    ":4:12: broker.key_file: \"" + folder.path + "/key.pem\" can be read by");
    put(folder, "key.pem", "x", 0600);
    const ConfigResult result = load_config(config);
    check::equal(said(result), "");
    assert_true(result.config->warnings.empty());
    check::equal(result.config->key_file, folder.path + "/key.pem");
    put(folder, "g.toml", start + "key_file = \"key.pem\"\n");
    check::contains(said(load_config(config)), ":3:12: broker.key_file: a key needs its certificate");
    put(folder, "g.toml", start + "cert_file = \"cert.pem\"\n");  // then the key is in it
    check::contains(said(load_config(config)),
                    ":3:13: broker.cert_file: \"" + folder.path + "/cert.pem\" can be read");
    put(folder, "g.toml", "[broker]\nca_file = \"cert.pem\"\n");
    const ConfigResult unused = load_config(config);
    assert_int_equal(unused.config->warnings.size(), 1);
    check::contains(unused.config->warnings[0], "no effect, because broker.url is mqtt://127.0.0.1:1883");
}

void a_changed_password_needs_a_restart(void** state) {
    auto& folder = *static_cast<Folder*>(*state);
    const std::string config =
        put(folder, "g.toml", "[broker]\nusername = \"u\"\npassword_file = \"secret\"\n");
    put(folder, "secret", "old");
    const ConfigResult running = load_config(config);
    put(folder, "secret", "new");
    const std::vector<std::string> changed =
        changes_needing_restart(*running.config, *load_config(config).config);
    assert_int_equal(changed.size(), 1);
    check::equal(changed[0], "broker.password_file");
}

void a_file_that_cannot_be_read_is_named(void** state) {
    auto& folder = *static_cast<Folder*>(*state);
    check::equal(said(load_config(folder.path + "/none.toml")),
                 folder.path + "/none.toml: cannot read the file: No such file or directory\n");
    check::equal(said(load_config(folder.path)), folder.path + ": cannot read the file: Is a directory\n");
    const std::string big = put(folder, "big.toml", std::string(kConfigOctetsMax + 1, '\n'));
    check::equal(said(load_config(big)), big + ": the file is larger than 4 MiB\n");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(password_is_the_file_without_its_last_line_end, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(bad_password_files_are_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(keys_of_tls_are_looked_at_when_the_config_is_read, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_changed_password_needs_a_restart, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_named, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
