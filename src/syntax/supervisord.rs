//! supervisord's configuration, as far as it says what is started.

use crate::source::Span;
use crate::text::Text;

/// A `[program:x]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// `command`.
    pub command: Text,
    /// `directory`.
    pub directory: Option<String>,
}

/// The programs of a configuration of which `text[i]` stands at `base.start + i`; those that are not started by themselves
/// (`autostart=false`) are left out.
pub fn programs(text: &str, base: Span) -> Vec<Program> {
    let mut found: Vec<Program> = Vec::new();
    let mut open: Option<Section> = None;
    let mut offset = 0usize;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let content = line.split(" ;").next().unwrap_or(line).trim_end();
        if content.starts_with([';', '#']) {
            continue;
        }
        if let Some(section) = content.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            found.extend(open.take().and_then(Section::program));
            open = section.strip_prefix("program:").map(|name| Section { name: name.trim().to_owned(), ..Section::default() });
            continue;
        }
        let Some(section) = &mut open else { continue };
        if content.starts_with([' ', '\t']) {
            let lead = content.len() - content.trim_start().len();
            section.continued(content.trim_start(), base.part(start + lead, start + content.len()));
        } else if let Some((key, value)) = content.split_once('=') {
            let value_at = start + content.len() - value.trim_start().len();
            section.set(key.trim(), value.trim(), base.part(value_at, value_at + value.trim().len()));
        }
    }
    found.extend(open.take().and_then(Section::program));
    found
}

#[derive(Default)]
struct Section {
    name: String,
    command: Option<Text>,
    directory: Option<String>,
    stopped: bool,
    /// The key that continuation lines belong to is `command`.
    in_command: bool,
}

impl Section {
    fn set(&mut self, key: &str, value: &str, span: Span) {
        self.in_command = key == "command";
        match key {
            "command" => self.command = Some(Text::verbatim(value, span)),
            "directory" => self.directory = Some(value.to_owned()),
            "autostart" => self.stopped = value.eq_ignore_ascii_case("false"),
            _ => {}
        }
    }

    fn continued(&mut self, text: &str, span: Span) {
        if let (true, Some(command)) = (self.in_command, &mut self.command) {
            command.push(" ", span.at_start());
            command.push(text, span);
        }
    }

    fn program(self) -> Option<Program> {
        let command = self.command.filter(|_| !self.stopped)?;
        Some(Program { name: self.name, command, directory: self.directory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn programs_have_their_commands_where_they_stand() {
        let text = "[supervisord]\nnodaemon=true\n[program:web]\ndirectory=/srv ; here\ncommand = gunicorn\n  -b :80 app\n\
                    [program:off]\ncommand=x\nautostart=false\n;[program:no]\n";
        let found = programs(text, Span::new(FileId(0), 0, text.len()));
        assert_eq!(found.len(), 1);
        let web = found.first().unwrap();
        assert_eq!((web.name.as_str(), web.command.value.as_str()), ("web", "gunicorn -b :80 app"));
        assert_eq!(web.directory.as_deref(), Some("/srv"));
        let at = web.command.span_of(0, 8);
        assert_eq!(text.get(at.range()), Some("gunicorn"));
    }
}
