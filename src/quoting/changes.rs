//! What a command changes in the shell that runs it: its variables, arguments and options.

use std::rc::Rc;

use super::interpret::Run;
use super::options::{Options, shell_options};
use super::status::Stopped;
use super::step::{Arg, Executed};
use super::variables::{Setter, Value};
use crate::syntax::shell::is_name;

impl Run<'_> {
    /// What a command changes in the shell that runs it.
    pub(super) fn effects(&mut self, name: &str, executed: &Executed) {
        if executed.argv.is_empty() {
            return;
        }
        let special =
            [":", "eval", "export", "readonly", "set", "shift", "unset", ".", "exec", "trap", "return", "exit", "break", "continue"];
        if !executed.assigns.is_empty() && (special.contains(&name) || self.whole.is_function(name)) {
            executed.assigns.iter().for_each(|(n, _)| self.state.vars.forget(n, "set for one command"));
        }
        let args = executed.argv.get(1..).unwrap_or_default();
        match name {
            "export" | "readonly" | "local" | "declare" | "typeset" => self.declares(name, args),
            "unset" => {
                for arg in args.iter().filter(|a| !a.text.text().starts_with('-')) {
                    match arg.known() {
                        Some("IFS") => self.state.assign("IFS", Value::Unset, None, false),
                        Some(n) => self.state.vars.unset(n),
                        None => self.state.vars.forget_all("`unset` of a name that is not known"),
                    }
                }
            }
            "read" | "mapfile" | "readarray" | "getopts" | "let" => {
                for arg in args.iter().filter_map(Arg::known).filter(|a| !a.starts_with('-')) {
                    self.state.assign(arg.split('=').next().unwrap_or(arg), Value::Unknown(format!("`{name}` sets it")), None, false);
                }
            }
            "printf" => {
                if let Some([_, var]) = args.get(..2).filter(|a| a.first().and_then(Arg::known) == Some("-v")) {
                    self.state.assign(var.text.text(), Value::Unknown("`printf` sets it".to_owned()), None, false);
                }
            }
            "set" => self.set(args),
            "shift" => {
                let count = args.first().map_or(Some(1), |a| a.known().and_then(|n| n.parse().ok()));
                self.state.positional = match (self.state.positional.take(), count) {
                    (Some(all), Some(n)) => all.get(n..).map(Rc::from),
                    _ => None,
                };
            }
            "." | "source" => {
                let file = args.first().map_or("a file", |a| a.text.text()).to_owned();
                self.state.vars.forget_all(&format!("{file} may set it"));
                self.state.positional = None;
            }
            name if self.whole.is_function(name) => {
                self.forget_assigned(None, "a function may set it");
            }
            _ => {}
        }
    }

    fn declares(&mut self, name: &str, args: &[Arg]) {
        let flags: String = args.iter().filter_map(Arg::known).filter(|a| a.starts_with('-')).collect();
        let export = name == "export" && !flags.contains('n') || flags.contains('x');
        for arg in args.iter().filter(|a| !a.text.text().starts_with(['-', '+'])) {
            let text = arg.text.text();
            if !is_name(text.split(['=', '+', '[']).next().unwrap_or_default()) {
                self.state.stopped = self.state.stopped.max(Stopped::Perhaps);
            }
            match text.split_once('=') {
                Some((n, _)) if n.ends_with('+') || n.ends_with(']') => {
                    self.state.vars.forget(n.trim_end_matches('+'), "the shell adds to it")
                }
                Some((n, _)) => {
                    let set_by = Some(Setter { what: name.to_owned(), span: Some(self.text.span_of(arg.range.clone())) });
                    let value = arg.text.slice(n.len() + 1..text.len());
                    let n = n.to_owned();
                    self.state.assign(&n, Value::Known(value), set_by, export || self.allexport);
                }
                None if export => self.state.vars.export(text),
                None if name == "local" => self.state.vars.forget(text, "a function's own"),
                None => {}
            }
        }
    }

    fn set(&mut self, args: &[Arg]) {
        let before = Options { nounset: self.state.nounset, errexit: self.state.errexit, ..Options::default() };
        let options = shell_options(before, args.iter().map(|a| a.text.text()));
        (self.state.nounset, self.state.errexit) = (options.nounset, options.errexit);
        let mut at = 0;
        let mut sets = false;
        while let Some(arg) = args.get(at) {
            match arg.known() {
                Some("--") => {
                    sets = true;
                    at += 1;
                    break;
                }
                Some(option) if option.len() > 1 && option.starts_with(['-', '+']) => {
                    if option.contains('a') && !option.contains('o') {
                        self.allexport = option.starts_with('-');
                    }
                    at += 1 + usize::from(option.ends_with('o'));
                }
                _ => break,
            }
        }
        let rest = args.get(at..).unwrap_or_default();
        if sets || !rest.is_empty() {
            let certain = rest.iter().all(|a| !a.splits && !a.pattern);
            self.state.positional = certain.then(|| rest.iter().map(|a| a.text.clone()).collect());
        }
    }
}
