//! Settings in a TOML file. Their names are those of the options of `serve`. A setting becomes the default of its option, so
//! that options and the environment count before it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The option that names the file.
const CONFIG: &str = "config";
/// The environment's other name for `database`, which counts before the file as well.
const DATABASE_URL: &str = "DATABASE_URL";

/// The settings of a file; none without one.
#[derive(Debug, Default)]
pub(crate) struct Settings(Vec<Setting>);

#[derive(Debug)]
struct Setting {
    option: String,
    values: Vec<String>,
}

/// Reads the file that the command line or the environment names. Its settings are those of the subcommand `of`.
pub(crate) fn load(cli: &Command, of: &str) -> Result<Settings> {
    let named = cli.clone().ignore_errors(true).try_get_matches();
    let file = named.ok().and_then(|matches| matches.get_one::<PathBuf>(CONFIG).cloned());
    let (Some(file), Some(command)) = (file, cli.find_subcommand(of)) else { return Ok(Settings::default()) };
    let text = fs::read_to_string(&file)
        .with_context(|| format!("The settings {} cannot be read; check --config", file.display()))?;
    parse(&text, &file, command)
}

fn parse(text: &str, file: &Path, command: &Command) -> Result<Settings> {
    let at = |offset: usize| {
        let line = text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
        format!("{}, line {line}", file.display())
    };
    let table = DeTable::parse(text).map_err(|error| {
        let place = at(error.span().map_or(0, |span| span.start));
        anyhow!("{place}: {}. Mend the TOML there.", error.message().trim_end_matches('.'))
    })?;
    let mut settings: Vec<(usize, Setting)> = Vec::new();
    for (key, value) in table.get_ref() {
        let (name, start) = (key.get_ref().as_ref(), key.span().start);
        let arg = option(command, name).ok_or_else(|| {
            let known: Vec<&str> = command.get_arguments().filter_map(|arg| option_name(arg)).collect();
            anyhow!("{}: there is no setting \"{name}\". The settings are {}.", at(start), known.join(", "))
        })?;
        let setting = Setting { option: name.to_owned(), values: values(arg, value) };
        check(command, arg, &setting).with_context(|| at(start))?;
        settings.push((start, setting));
    }
    settings.sort_by_key(|(start, _)| *start);
    Ok(Settings(settings.into_iter().map(|(_, setting)| setting).collect()))
}

/// The name of an option that may be in the file.
fn option_name(arg: &Arg) -> Option<&str> {
    arg.get_long().filter(|name| !arg.is_hide_set() && !matches!(*name, CONFIG | "help" | "version"))
}

fn option<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| option_name(arg) == Some(name))
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// The values as on a command line. Tables and nested arrays have none that an option takes; that is refused with the value.
fn values(arg: &Arg, value: &Spanned<DeValue<'_>>) -> Vec<String> {
    if let DeValue::Array(many) = value.get_ref()
        && matches!(arg.get_action(), ArgAction::Append)
    {
        return many.iter().map(|one| scalar(one.get_ref())).collect();
    }
    vec![scalar(value.get_ref())]
}

fn scalar(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "[...]".to_owned(),
        DeValue::Table(_) => "{...}".to_owned(),
    }
}

/// Lets the option check its values.
fn check(command: &Command, arg: &Arg, setting: &Setting) -> Result<()> {
    let Setting { option, values } = setting;
    if is_switch(arg) {
        return match values.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["true" | "false"] => Ok(()),
            _ => bail!("{option} is true or false."),
        };
    }
    let args = values.iter().map(|value| OsString::from(format!("--{option}={value}")));
    let args = std::iter::once(OsString::from(command.get_name())).chain(args);
    let alone = command.clone().mut_args(|arg| arg.env(Resettable::Reset));
    match alone.try_get_matches_from(args) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            bail!("{}.", line.trim_start_matches("error: ").trim_end_matches('.'))
        }
    }
}

impl Settings {
    /// Whether the file has this setting.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.0.iter().any(|setting| setting.option == option)
    }

    /// The same commands, with the settings as defaults of the options that have their names.
    pub(crate) fn apply(&self, cli: Command) -> Command {
        let has_url = env::var_os(DATABASE_URL).is_some();
        cli.mut_subcommands(|command| {
            self.0.iter().fold(command, |command, setting| {
                let Some(arg) = option(&command, &setting.option) else { return command };
                if setting.option == "database" && has_url {
                    return command;
                }
                let id = arg.get_id().clone();
                command.mut_arg(id.as_str(), |arg| arg.default_values(setting.values.clone()))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("serve")
            .arg(Arg::new("listen").long("listen").value_parser(clap::value_parser!(std::net::SocketAddr)))
            .arg(Arg::new("fast").long("no-copy").action(ArgAction::SetTrue))
            .arg(Arg::new("proxies").long("proxy").action(ArgAction::Append).default_values(["x", "y"]))
            .arg(Arg::new("name").long("name").default_value("none"))
    }

    fn read(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
        let settings =
            parse(text, Path::new("lotbook.toml"), &command()).map_err(|error| format!("{error:#}"))?;
        Ok(settings.0.into_iter().map(|setting| (setting.option, setting.values)).collect())
    }

    #[test]
    fn settings_have_the_names_and_checks_of_options() {
        let text = "# Ours.\nlisten = \"[::]:80\"\nno-copy = true\nproxy = [\"a\", \"b\"]\nname = 5\n";
        let found = read(text).expect("settings");
        let expected = [
            ("listen", vec!["[::]:80"]),
            ("no-copy", vec!["true"]),
            ("proxy", vec!["a", "b"]),
            ("name", vec!["5"]),
        ];
        let expected = expected.map(|(name, values)| {
            (name.to_owned(), values.into_iter().map(str::to_owned).collect::<Vec<_>>())
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn an_error_names_the_line() {
        for (text, expected) in [
            (
                "\n\nlistn = 1",
                "lotbook.toml, line 3: there is no setting \"listn\". The settings are listen, no-copy, proxy, name.",
            ),
            (
                "name = 1\n[listen]\na = 1",
                "lotbook.toml, line 2: invalid value '{...}' for '--listen <listen>': invalid socket address syntax.",
            ),
            (
                "listen = \"here\"",
                "lotbook.toml, line 1: invalid value 'here' for '--listen <listen>': invalid socket address syntax.",
            ),
            ("no-copy = \"yes\"", "lotbook.toml, line 1: no-copy is true or false."),
            ("name = 1\nname = 2", "lotbook.toml, line 2: duplicate key. Mend the TOML there."),
            (
                "help = true",
                "lotbook.toml, line 1: there is no setting \"help\". The settings are listen, no-copy, proxy, name.",
            ),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn options_count_before_the_file() {
        let settings = parse("name = \"file\"\nproxy = []\nno-copy = true", Path::new("x"), &command())
            .expect("settings");
        let cli = Command::new("lotbook-server").subcommand(command());
        let name = |args: &[&str]| {
            let matches = settings.apply(cli.clone()).get_matches_from(args);
            let (_, serve) = matches.subcommand().expect("a command");
            let proxies = serve.get_many::<String>("proxies").map_or(0, Iterator::count);
            (serve.get_one::<String>("name").cloned(), serve.get_flag("fast"), proxies)
        };
        assert_eq!(name(&["lotbook-server", "serve"]), (Some("file".to_owned()), true, 0));
        let given = ["lotbook-server", "serve", "--name=flag", "--proxy=a"];
        assert_eq!(name(&given), (Some("flag".to_owned()), true, 1));
    }
}
