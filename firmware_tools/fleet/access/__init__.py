"""Who may use the fleet's API, and what each of them may do there: accounts, sessions, tokens, roles."""
