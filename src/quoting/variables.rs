//! The variables of a shell: what is known of their values, and who set them.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use super::flow::Flow;
use crate::source::Span;

/// What is known of a variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This text (parts of it may not be known).
    Known(Flow),
    /// It is not set.
    Unset,
    /// It cannot be known here; why.
    Unknown(String),
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value.
    pub value: Value,
    /// Programs that the shell starts see it.
    pub exported: bool,
    /// What set it, where something in the files did.
    pub set_by: Option<Setter>,
}

impl Variable {
    fn is_forgotten(&self, why: &str) -> bool {
        self.set_by.is_none() && matches!(&self.value, Value::Unknown(known) if known == why)
    }
}

/// What set a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setter {
    /// `ENV`, `ARG`, `environment`, `assignment` …
    pub what: String,
    /// Where; `None` for the command line.
    pub span: Option<Span>,
}

/// Why a variable that nothing here sets may hold something all the same; `None` where it is unset.
pub type Outside = Rc<dyn Fn(&str) -> Option<String>>;

/// The variables that a process starts with. Copies are cheap: a shell's state is kept at each of its branches.
#[derive(Clone)]
pub struct Environment {
    /// In the order of their names.
    set: Rc<Vec<(Rc<str>, Rc<Variable>)>>,
    outside: Outside,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.set.iter().map(|(name, variable)| (name, variable))).finish()
    }
}

impl Environment {
    /// An environment without variables; `outside` tells of names that are not in it.
    pub fn new(outside: Outside) -> Environment {
        Environment { set: Rc::default(), outside }
    }

    /// An environment of which nothing is known.
    pub fn unknown(why: &str) -> Environment {
        let why = why.to_owned();
        Environment::new(Rc::new(move |_| Some(why.clone())))
    }

    /// Sets an exported variable.
    pub fn insert(&mut self, name: &str, value: Value, set_by: Option<Setter>) {
        self.put(name, Variable { value, exported: true, set_by });
    }

    fn put(&mut self, name: &str, variable: Variable) {
        let found = self.find(name);
        let set = Rc::make_mut(&mut self.set);
        match found.ok().and_then(|at| set.get_mut(at)) {
            Some((_, there)) => *there = Rc::new(variable),
            None => set.insert(found.unwrap_or_else(|at| at), (Rc::from(name), Rc::new(variable))),
        }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.set.binary_search_by(|(there, _)| there.as_ref().cmp(name))
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.set.get(self.find(name).ok()?).map(|(_, variable)| variable.as_ref())
    }

    /// Its names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.set.iter().map(|(name, _)| name.as_ref())
    }

    /// What is known of a name's value, and what set it.
    pub fn look_up(&self, name: &str) -> (Value, Option<Setter>) {
        match self.get(name) {
            Some(variable) => (variable.value.clone(), variable.set_by.clone()),
            None => ((self.outside)(name).map_or(Value::Unset, Value::Unknown), None),
        }
    }

    pub(super) fn assign(&mut self, name: &str, value: Value, set_by: Option<Setter>, export: bool) {
        let exported = export || self.get(name).is_some_and(|v| v.exported);
        self.put(name, Variable { value, exported, set_by });
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.put(name, Variable { value: Value::Unset, exported: false, set_by: None });
    }

    pub(super) fn export(&mut self, name: &str) {
        let (value, set_by) = self.look_up(name);
        self.put(name, Variable { value, exported: true, set_by });
    }

    /// Nothing is known of a variable from here on, but whether it is exported.
    pub(super) fn forget(&mut self, name: &str, why: &str) {
        if self.get(name).is_some_and(|v| v.is_forgotten(why)) {
            return;
        }
        let exported = self.get(name).is_none_or(|v| v.exported);
        self.put(name, Variable { value: Value::Unknown(why.to_owned()), exported, set_by: None });
    }

    /// The same of several names, in their order.
    pub(super) fn forget_each<'a>(&mut self, names: impl Iterator<Item = &'a Rc<str>> + Clone, why: &str) {
        // a script calls functions again and again
        let mut there = self.set.iter();
        let mut is_forgotten = |name: &Rc<str>| {
            let found = there.find(|(there, _)| Rc::ptr_eq(there, name) || there >= name);
            found.is_some_and(|(there, variable)| there == name && variable.is_forgotten(why))
        };
        if names.clone().all(&mut is_forgotten) {
            return;
        }
        let forgotten = |exported| Rc::new(Variable { value: Value::Unknown(why.to_owned()), exported, set_by: None });
        let (hidden, exported) = (forgotten(false), forgotten(true));
        let mut names = names.peekable();
        let mut set = Vec::with_capacity(self.set.len() + names.size_hint().0);
        for (there, variable) in self.set.iter() {
            let mut order = Ordering::Greater;
            while let Some(name) = names.peek() {
                order = if Rc::ptr_eq(name, there) { Ordering::Equal } else { name.cmp(&there) };
                if order.is_lt() {
                    set.push((Rc::clone(name), Rc::clone(&exported)));
                }
                if order.is_gt() {
                    break;
                }
                names.next();
                if order.is_eq() {
                    break;
                }
            }
            let variable = match (order, variable.exported) {
                (Ordering::Equal, false) => &hidden,
                (Ordering::Equal, true) => &exported,
                _ => variable,
            };
            set.push((Rc::clone(there), Rc::clone(variable)));
        }
        set.extend(names.map(|name| (Rc::clone(name), Rc::clone(&exported))));
        self.set = Rc::new(set);
    }

    /// Whether it holds the same variables because nothing has changed since it was copied.
    pub(super) fn is_still(&self, before: &Environment) -> bool {
        Rc::ptr_eq(&self.set, &before.set)
    }

    /// Holds the variables of another from here on.
    pub(super) fn take_over(&mut self, other: &Environment) {
        self.set = Rc::clone(&other.set);
    }

    /// Nothing is known of any variable from here on.
    pub(super) fn forget_all(&mut self, why: &str) {
        let set = Rc::clone(&self.set);
        self.forget_each(set.iter().map(|(name, _)| name), why);
        self.outside = Environment::unknown(why).outside;
    }

    /// What a child process gets.
    pub(super) fn inherited(&self) -> Environment {
        let goes = |v: &Variable| v.exported || v.value == Value::Unset;
        if self.set.iter().all(|(_, v)| goes(v)) {
            return self.clone();
        }
        let set = self.set.iter().filter(|(_, v)| goes(v)).cloned().collect();
        Environment { set: Rc::new(set), outside: Rc::clone(&self.outside) }
    }

    /// Forgets what differs from another state of the same shell.
    pub(super) fn meet(&mut self, other: &Environment, why: &str) {
        if Rc::ptr_eq(&self.set, &other.set) {
            return;
        }
        let mut names: Vec<Rc<str>> = Vec::new();
        let (mut ours, mut theirs) = (self.set.iter().peekable(), other.set.iter().peekable());
        loop {
            let next = match (ours.peek(), theirs.peek()) {
                (Some((a, _)), Some((b, _))) if Rc::ptr_eq(a, b) => Ordering::Equal,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let a = if next.is_le() { ours.next() } else { None };
            let b = if next.is_ge() { theirs.next() } else { None };
            let same = matches!((a, b), (Some((_, a)), Some((_, b))) if Rc::ptr_eq(a, b) || a == b);
            if let (Some((name, _)), false) = (a.or(b), same) {
                names.push(Rc::clone(name));
            }
        }
        self.forget_each(names.iter(), why);
    }
}

/// Why a variable that a shell sets by itself is not known; `None` for other names.
pub(super) fn set_by_shell(name: &str) -> Option<&'static str> {
    match name {
        "?" => Some("the exit status of the last command"),
        "$" | "BASHPID" => Some("the shell's process id"),
        "!" => Some("the process id of the last background command"),
        "-" => Some("the shell's options"),
        "PWD" | "OLDPWD" => Some("the folder that the shell is in"),
        "RANDOM" | "SRANDOM" | "SECONDS" | "EPOCHSECONDS" | "EPOCHREALTIME" | "LINENO" | "PPID" | "UID" | "EUID" | "GROUPS" | "SHLVL"
        | "HOSTNAME" | "HOSTTYPE" | "MACHTYPE" | "OSTYPE" | "REPLY" | "OPTARG" | "OPTIND" | "OPTERR" | "PIPESTATUS" | "FUNCNAME" | "_"
        | "COLUMNS" | "LINES" | "SHELL" | "SHELLOPTS" | "BASHOPTS" | "PS1" | "PS2" | "PS4" | "DIRSTACK" => Some("the shell sets it"),
        _ if name.starts_with("BASH") => Some("the shell sets it"),
        _ => None,
    }
}
