//! Says what an argument of a tool is for, from its name and the tool's.

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A shell runs it.
    Command,
    /// A database runs it, or it is searched for.
    Query,
    /// It names a file or folder.
    Path,
    /// It is fetched.
    Url,
    /// It is reached: a host or address.
    Host,
    /// A short value that a program may put into a command or query: a name, an identifier.
    Name,
    /// Text that people read, or anything else.
    Text,
}

const COMMANDS: &[&str] =
    &["command", "cmd", "shell", "bash", "script", "commands", "exec", "commandline", "args", "argv", "terminal"];
const QUERIES: &[&str] = &["sql", "query", "statement", "where", "filter", "condition"];
const PATHS: &[&str] = &[
    "path",
    "file",
    "filename",
    "filepath",
    "dir",
    "directory",
    "folder",
    "paths",
    "files",
    "destination",
    "dest",
    "target",
    "cwd",
    "workdir",
    "pathname",
    "attachment",
    "attachments",
    "include",
    "template",
];
const URLS: &[&str] = &[
    "url", "uri", "href", "endpoint", "link", "webhook", "urls", "callback", "source", "src", "address", "website",
    "site", "proxy",
];
const NAMES: &[&str] = &[
    "id",
    "name",
    "user",
    "username",
    "branch",
    "ref",
    "repo",
    "repository",
    "package",
    "container",
    "table",
    "column",
    "key",
    "tag",
    "version",
    "port",
    "region",
    "bucket",
    "pid",
    "service",
    "image",
    "email",
    "number",
    "code",
];
const HOSTS: &[&str] = &["host", "hostname", "domain", "ip", "server", "hosts"];
const TEXTS: &[&str] = &[
    "content",
    "body",
    "text",
    "message",
    "description",
    "subject",
    "title",
    "comment",
    "prompt",
    "note",
    "notes",
    "summary",
    "question",
    "answer",
    "search",
    "markdown",
    "html",
    "diff",
    "patch",
    "old",
    "new",
    "string",
    "data",
];

impl Role {
    /// What the unnamed texts of a tool are for.
    pub(super) fn of_tool(tool: &str) -> Self {
        let mut role = Self::Text;
        for word in words(tool) {
            role = match word.as_str() {
                "shell" | "bash" | "terminal" | "exec" | "execute" | "cmd" | "powershell" | "command" => Self::Command,
                "sql" | "database" | "db" | "postgres" | "mysql" | "sqlite" => return Self::Query,
                "fetch" | "browse" | "http" | "curl" | "request" | "download" => Self::Url,
                _ => role,
            };
        }
        role
    }
}

/// What the field of a name is for; what its parent is for where the name says nothing.
pub(super) fn role(key: &str, mut inherited: Role) -> Role {
    // The last word says most: `file_content` is content, `content_path` a path.
    for word in words(key).iter().rev() {
        let is = |names: &[&str]| names.contains(&word.as_str());
        // `host_name`, `file_name`: the word before says of what.
        if word == "name" && words(key).len() > 1 {
            inherited = Role::Name;
            continue;
        }
        if is(COMMANDS) {
            return Role::Command;
        }
        // In a shell tool everything that is not plainly something else is a command.
        if is(QUERIES) {
            return if inherited == Role::Command { Role::Command } else { Role::Query };
        }
        if is(PATHS) {
            return Role::Path;
        }
        if is(URLS) {
            return Role::Url;
        }
        if is(HOSTS) {
            return Role::Host;
        }
        if is(NAMES) {
            return if word == "code" && inherited == Role::Command { Role::Command } else { Role::Name };
        }
        if is(TEXTS) {
            return Role::Text;
        }
    }
    inherited
}

/// The words of a name in lower case: cut at signs and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars().take(128) {
        let starts = !c.is_alphanumeric() || (c.is_uppercase() && was_lower);
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_field_is_for() {
        for (key, expected) in [
            ("command", Role::Command),
            ("shellCommand", Role::Command),
            ("sql_query", Role::Query),
            ("filePath", Role::Path),
            ("file_content", Role::Text),
            ("content_path", Role::Path),
            ("webhook_url", Role::Url),
            ("hostName", Role::Host),
            ("file_name", Role::Path),
            ("first_name", Role::Name),
            ("host_ip", Role::Host),
            ("zzz", Role::Text),
            ("", Role::Text),
        ] {
            assert_eq!(role(key, Role::Text), expected, "{key}");
        }
        assert_eq!(Role::of_tool("run_sql"), Role::Query);
        assert_eq!(Role::of_tool("execute_shell"), Role::Command);
        assert_eq!(Role::of_tool("send_mail"), Role::Text);
        assert_eq!(role("input", Role::of_tool("bash")), Role::Command);
    }
}
