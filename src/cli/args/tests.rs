use super::*;
use clap::CommandFactory;
use secrecy::ExposeSecret;

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn flags_reach_the_configuration() {
    let line = "reeve serve --listen [::1]:1 --migrate off --allow-plaintext --config c.toml \
                --database-url postgres://u:hunter2@h/d --data-dir d";
    let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
    assert!(!format!("{cli:?}").contains("hunter2"));
    let flags = Flags::from(&cli);
    assert_eq!(flags.config.as_deref(), Some("c.toml"));
    assert_eq!(flags.data_dir.as_deref(), Some("d"));
    assert_eq!(flags.listen.as_deref(), Some("[::1]:1"));
    assert_eq!(flags.migrate.as_deref(), Some("off"));
    assert!(flags.allow_plaintext);
    assert_eq!(flags.database_url.unwrap().expose_secret(), "postgres://u:hunter2@h/d");
}

#[test]
fn command_lines() {
    for line in [
        "serve",
        "migrate status --json",
        "migrate verify --dry-run --sql",
        "migrate up --to 3 --data-dir x",
        "migrate down --to 0 --confirm --allow-data-loss",
        "migrate test",
        "status --json --exit-code",
        "sync status",
        "sync create-profile 0198c2f0-7f9e-7cc0-a0c8-5f4d5d3f0b11 --role admin --tenant acme",
        "create-profile 0198c2f0-7f9e-7cc0-a0c8-5f4d5d3f0b11 --json",
        "health --service user-sync --address 127.0.0.1:1 --timeout 1s",
        "config show --json",
        "operator create-key --name ann --expires 90d --json",
        "tenant create acme --display-name Acme --domain a.com --domain b.com --home-url \
         https://a.com --enrollment invite_only --seat-limit 5 --owner-email a@a.com --json",
        "tenant list",
        "domain add acme acme.com --include-subdomains",
        "invite create bob@else.org --tenant acme --role owner --delivery return_token \
         --expires 3d --json",
        "completions zsh",
        "version --json",
    ] {
        let parsed = Cli::try_parse_from(["reeve"].into_iter().chain(line.split_whitespace()));
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
    }
    for line in [
        "",
        "serve --migrate sometimes",
        "migrate verify --sql",
        "migrate down --allow-data-loss",
        "sync create-profile x --role boss",
        "operator create-key --expires soon",
        "invite create bob@else.org",
        "invite create bob@else.org --tenant acme --role boss",
        "invite create bob@else.org --tenant acme --delivery pigeon",
    ] {
        let parsed = Cli::try_parse_from(["reeve"].into_iter().chain(line.split_whitespace()));
        assert!(parsed.is_err(), "{line}");
    }
}

#[test]
fn every_leaf_command_is_explained() {
    let mut open = vec![Cli::command()];
    while let Some(command) = open.pop() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            let builtin = ["help", "version", "shell"].contains(&argument.get_id().as_str());
            assert!(builtin || argument.get_help().is_some(), "{}", argument.get_id());
        }
        open.extend(command.get_subcommands().cloned());
    }
}
