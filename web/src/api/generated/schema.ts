// Generated from docs/reference/openapi.json by `npm run generate`; not edited by hand.

export interface paths {
    "/api/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists people by name: those of the tenant that is named, else of all that the caller administers. */
        get: operations["list_accounts"];
        put?: never;
        /** Adds a person to the tenant that is named, or with the role `platform` and none to those who administer the installation. */
        post: operations["create_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One person. */
        get: operations["get_account"];
        /**
         * Changes a person, if they are still as they were when they had the `ETag` in `If-Match`. The role is theirs in the tenant
         *     that is named, or with none the one for the whole installation. Whoever administers that names any tenant, also one that
         *     the person is to come into.
         */
        put: operations["replace_account"];
        post?: never;
        /** Removes a person for good: who they were is forgotten, and their logins end here at once, within two seconds everywhere. */
        delete: operations["remove_account"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{user_id}/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends all logins of a person: here at once, within two seconds everywhere. */
        post: operations["log_out_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the agents of a time with what their spans add up to, greatest first. Spans without one are not in it. Without
         *     `from`, the 24 hours before `until`; without `until`, until now.
         */
        get: operations["list_agents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was done, the latest first: in the tenant that is named, else in all tenants and the installation. */
        get: operations["list_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/chain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams one chain of the log, the earliest record first, one JSON object a line, each with all that its hash covers: the
         *     chain of the tenant that is named, else that of the installation.
         * @description `llmtrace-proxy audit verify --file` reads it. Where the store fails midway the connection is broken, and what was cut goes
         *     on with `after`.
         */
        get: operations["export_audit_chain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists erasures and their receipts, those asked for last first, at most 1000: those of the tenant that is named, else all. */
        get: operations["list_erasures"];
        put?: never;
        /**
         * Erases what one trace, span, session or user has stored, or everything of a tenant: of the tenant that is named, else of all.
         * @description It is carried out within seconds, and repeated for seven days, so that what started before now and is stored later goes too.
         *     There need not be anything: its receipt says how much was removed. A caller who gives an `erasure_id` may send the same again.
         */
        post: operations["create_erasure"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/erasures/{erasure_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One erasure, with what was removed so far. */
        get: operations["get_erasure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams every matching span with what was said in it, newest first: one JSON object per line, comma-separated values, or
         *     one Parquet file.
         * @description A whole export ends properly; where the store fails midway the connection is broken instead, so that no client takes a
         *     part for the whole. What was cut, or was to be only `limit` rows, goes on with `after`: lines join to the same text, of
         *     CSV the first part alone names the columns; a Parquet file is useful only whole, and goes on in another file.
         */
        get: operations["export_spans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is installed: version, storage, what is kept, where clients send; and how far index and sums have come. */
        get: operations["get_info"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists API keys, the ones made last first: those of the tenant that is named, else of all that the caller administers. */
        get: operations["list_keys"];
        put?: never;
        /**
         * Makes an API key for the tenant that is named, or with the role `platform` and none for the whole installation. The
         *     answer is the only one that holds the key; it opens at once here, and within two seconds everywhere.
         */
        post: operations["create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One API key. */
        get: operations["get_key"];
        /** Changes the name and the expiry of an API key, if it is still the one whose `ETag` is in `If-Match`. */
        put: operations["replace_key"];
        post?: never;
        /**
         * Revokes an API key for good: it opens nothing from now on here, and within two seconds everywhere. It stays in the list.
         *     One that was revoked stays as it is.
         */
        delete: operations["revoke_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which ways there are to log in. */
        get: operations["get_login"];
        put?: never;
        /**
         * Logs in with an API key, or with a name and a password. The answer sets a cookie, which is a new one each time; what it was
         *     before ends.
         */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Logs out: the session ends at once everywhere, and the cookie goes. Without a login nothing happens. */
        post: operations["log_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is asking, and how far they reach: what a page shows follows from it. */
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes the password of whoever is logged in. It ends all their other logins; this one goes on with a new cookie. */
        put: operations["change_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the models that were used in a time with the prices that apply now; a model without a price has `price: null`.
         *     Most requests first, at most 1,000 models. Without `from`, the 7 days before `until`; without `until`, until now.
         */
        get: operations["list_model_prices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: operations["get_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/policies/evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Looks again at stored exchanges and says what a draft would do about them that the policy in force does not. Nothing is
         *     changed by it, and no text is answered.
         * @description The draft is taken for the tenant's own, as it would stand in its settings. Where all tenants are asked for, it is taken for
         *     that of each.
         */
        post: operations["evaluate_policy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/scan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says what detection finds in a text. Nothing of it is kept. */
        post: operations["scan_text"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists sessions that have a matching span, newest first by their first matching span. Each adds up all its spans, also those
         *     that do not match.
         */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One session with its traces, newest first. Where several tenants have a session of that name, `tenant_id` must say whose. */
        get: operations["get_session"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists spans, newest first, without what was said in them. */
        get: operations["list_spans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spans/{span_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One span with what was said in it. */
        get: operations["get_span"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spans/{span_id}/raw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The bytes of one exchange as they passed, compressed ones as they came. `part` names one body, which is sent as it is:
         *     its first bytes and, where the middle was not kept, its last.
         */
        get: operations["get_raw"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Adds up spans: requests, errors, tokens, cost and percentiles of times; altogether, by up to three dimensions, in steps of
         *     time, and compared with the period before. Without `from`, the 24 hours before `until`; without `until`, until now. Exact,
         *     also for spans of a moment ago.
         */
        get: operations["get_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follows what is stored: an event `span` for each matching span, right after it is stored, without what was said in it.
         * @description Its `id` is the exchange id, its data the span; after a restart of the proxy a span may come twice. An event `dropped`
         *     with `{"count": n}` stands where n spans are missing, because the listener was too slow. A comment comes every 15 seconds.
         */
        get: operations["follow_tail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenants that were seen or made and that the caller reaches, by name; at most 10,000, in one page. */
        get: operations["list_tenants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{tenant_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Makes a tenant: it is in the list before it sends anything. One that is there stays as it is. */
        put: operations["create_tenant"];
        post?: never;
        /**
         * Deletes a tenant: erases its spans, and forgets that it was seen, its saved views, its settings, its stored credentials and
         *     its rule of retention.
         * @description The receipts of its erasures stay, this one too. A tenant that goes on sending is seen anew.
         */
        delete: operations["delete_tenant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{tenant_id}/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a tenant has stored for its providers, by upstream. */
        get: operations["list_credentials"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{tenant_id}/credentials/{upstream}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a tenant has stored for one upstream. */
        get: operations["get_credential"];
        /**
         * Stores a credential for an upstream, sealed: a new one with `If-None-Match: *`, another in the place of one with the `ETag`
         *     of that in `If-Match`. It is sent from now on here, and within two seconds everywhere.
         */
        put: operations["put_credential"];
        post?: never;
        /**
         * Deletes what a tenant has stored for an upstream, if it is still the one whose `ETag` is in `If-Match`. What was sealed is
         *     gone; requests that need it are refused from now on here, and within two seconds everywhere.
         */
        delete: operations["delete_credential"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{tenant_id}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How long the spans of a tenant are kept: by a rule of its own, else by the setting `retention`. */
        get: operations["get_retention"];
        /** Gives a tenant a rule of its own. It applies from now on, also to what is stored already. */
        put: operations["put_retention"];
        post?: never;
        /** Takes away a tenant's own rule: the setting `retention` applies. */
        delete: operations["delete_retention"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{tenant_id}/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The settings of a tenant, and what applies to it. One that has set nothing has settings, too, of the version `"0"`. */
        get: operations["get_settings"];
        /**
         * Changes the settings of a tenant, if they are still the ones whose `ETag` is in `If-Match`. Within two seconds they apply to
         *     everything that is sent and stored from then on, in every process; what is stored already stays as it is. A policy that
         *     cannot be is refused with its place, `guard.rules[2].action`, and the one before it stays in force.
         */
        put: operations["put_settings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/top": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Finds what changed most against the period before of the same length: which model, agent, user costs more, fails more or
         *     became slower. Without `from`, the 24 hours before `until`; without `until`, until now.
         */
        get: operations["get_top"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists traces that have a matching span, newest first. */
        get: operations["list_traces"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/traces/{trace_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One trace with its spans and what was said in them, oldest first. */
        get: operations["get_trace"];
        put?: never;
        post?: never;
        /** Erases the spans of a trace; there need not be any. */
        delete: operations["delete_trace"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the end users of a time with what their spans add up to, greatest first. Spans without one are not in it. Without
         *     `from`, the 24 hours before `until`; without `until`, until now.
         */
        get: operations["list_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists saved views by name: those of the tenant that is named, else all. */
        get: operations["list_views"];
        put?: never;
        /** Saves a view, of the tenant that is named, else of the whole installation; at most 500 each. */
        post: operations["create_view"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/{view_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One saved view. */
        get: operations["get_view"];
        /** Changes a saved view, if it is still the one whose `ETag` is in `If-Match`. */
        put: operations["replace_view"];
        post?: never;
        /** Deletes a saved view, if it is still the one whose `ETag` is in `If-Match`. */
        delete: operations["delete_view"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The state of each dependency. Always 200 while the process answers: a degraded proxy still forwards. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that the process answers at all; a failure means: restart it. */
        get: operations["livez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metrics in the OpenMetrics text format. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says whether to send traffic here. The store has no part in it: forwarding does not need it. */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What somebody may do; each may what the one before it may.
         * @enum {string}
         */
        AccessRole: "viewer" | "operator" | "admin" | "platform";
        /** @description A person who logs in, as far as the caller reaches. */
        Account: {
            /**
             * Format: date-time
             * @description When they were added.
             */
            created_at: string;
            /** @description What others read; may be empty. */
            display: string;
            /** @description Whether they are known to an OpenID provider. */
            has_oidc: boolean;
            /** @description Whether they have a password. */
            has_password: boolean;
            /**
             * Format: date-time
             * @description When they logged in last.
             */
            last_login_at: string | null;
            /** @description What they log in with. */
            name: string;
            /** @description Whether they administer the whole installation. */
            platform: boolean;
            /** @description Whether they may log in. */
            state: components["schemas"]["AccountState"];
            /** @description Their role in each tenant that is shown: in the one that is named, else in all. */
            tenants: components["schemas"]["MeTenant"][];
            /**
             * Format: uuid
             * @description Identity.
             */
            user_id: string;
        };
        /** @description What a caller changes of a person; all but the password must be said. */
        AccountBody: {
            /** @description Whether they may not log in; it ends what logins they have. */
            disabled: boolean;
            /** @description What others read; may be empty. */
            display: string;
            /** @description A new password, which ends what logins they have; left out or `null`, it stays. */
            password?: string | null;
            role: components["schemas"]["AccessRole"] | null;
        };
        /** @description People, by name. */
        AccountList: {
            /** @description The rows. */
            items: components["schemas"]["Account"][];
        };
        /**
         * @description Whether somebody may log in.
         * @enum {string}
         */
        AccountState: "active" | "disabled";
        /**
         * @description What is done about a finding, from the weakest to the strongest.
         * @enum {string}
         */
        Action: "observe" | "flag" | "redact" | "block";
        /** @description Who did it. */
        Actor: {
            /** @description Which one; `null` where there is only one. The key of the settings has the UUID of zeros. */
            id: string | null;
            /** @description What they are. */
            kind: components["schemas"]["ActorKind"];
        };
        /**
         * @description What somebody is who did something.
         * @enum {string}
         */
        ActorKind: "key" | "user" | "cli" | "system" | "anonymous";
        /** @description An agent of one tenant. */
        Agent: components["schemas"]["Measures"] & {
            /**
             * @description The agent, in the words of the application.
             * @example support-bot
             */
            agent_id: string;
            /** @description Owner. */
            tenant_id: string;
        };
        /** @description The agents of a time, greatest first. */
        AgentList: {
            /**
             * Format: date-time
             * @description Spans that started at or after.
             */
            from: string;
            /** @description The rows. */
            items: components["schemas"]["Agent"][];
            /**
             * Format: int64
             * @description How many more there are.
             */
            left_out: number;
            /**
             * Format: date-time
             * @description Spans that started before.
             */
            until: string;
        };
        /** @description What agents of these names may use. */
        AgentTools: {
            /** @description The agents, by the id they send, with `*` and `?`; where there is none, everybody. */
            agents?: components["schemas"]["ToolPattern"][];
            /** @description Only these tools, where there is a list. */
            allow?: components["schemas"]["ToolPattern"][] | null;
            /** @description None of these, whatever else is said. */
            deny?: components["schemas"]["ToolPattern"][];
        };
        /** @description A record with all that its hash covers, exactly as it covers it: a line of an exported chain. */
        AuditLine: {
            /** @description What was done. */
            action: string;
            /** @description Who: `key:` or `user:` with a UUID, `cli`, `system` or `anonymous`. */
            actor: string;
            /** @description What it is since: the text of a JSON value. */
            after: string | null;
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description What it was before: the text of a JSON value. */
            before: string | null;
            /** @description From where. */
            client_address: string | null;
            /** @description The hash of this one: 64 hex digits. */
            hash: string;
            /**
             * Format: uuid
             * @description Identity.
             */
            id: string;
            /** @description How it went. */
            outcome: components["schemas"]["Outcome"];
            /** @description The hash of the record before it, zeros at the first: 64 hex digits. */
            previous: string;
            /**
             * Format: int64
             * @description Its place in the chain, from 1.
             */
            seq: number;
            /** @description What it was done to. */
            target: string;
            /** @description In whose chain it stands; `null` for that of the installation. */
            tenant_id: string | null;
        };
        /** @description A page of the audit log, the latest first. */
        AuditList: {
            /** @description The rows. */
            items: components["schemas"]["AuditRecord"][];
            /** @description Opens the next page; `null` on the last one. */
            next: string | null;
        };
        /** @description One thing that somebody did, or tried to do. */
        AuditRecord: {
            /**
             * @description What was done.
             * @example retention.change
             */
            action: string;
            /** @description Who. */
            actor: components["schemas"]["Actor"];
            /** @description What it is since; `null` where nothing is, or nothing changed. */
            after: unknown;
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description What it was before; `null` where nothing was, or nothing changed. */
            before: unknown;
            /** @description From where; `null` where there was no connection, or many. */
            client_address: string | null;
            /** @description The hash of this one. */
            hash: string;
            /**
             * Format: uuid
             * @description Identity.
             */
            id: string;
            /** @description How it went. */
            outcome: components["schemas"]["Outcome"];
            /** @description The hash of the record before it in its chain, zeros at the first. */
            previous: string;
            /**
             * Format: int64
             * @description Its place in the chain, from 1.
             */
            seq: number;
            /** @description What it was done to; empty where the action says it all. */
            target: string;
            /** @description In whose chain it stands; `null` for that of the installation. */
            tenant_id: string | null;
        };
        /** @description Work that writes of spans put off. */
        Backlog: {
            /**
             * Format: int64
             * @description Hours that ended and are not rolled up: statistics of them take longer.
             */
            rollup_hours: number;
            /**
             * Format: int64
             * @description Spans that no text search finds yet.
             */
            text_spans: number;
        };
        /** @description How much of one body was seen. */
        BodyCoverage: {
            /** @description Why it was not understood; only where `seen` is `opaque`. */
            reason: string | null;
            /** @description How much. */
            seen: components["schemas"]["Seen"];
        };
        /**
         * @description Whether messages are stored; each keeps more than the one before it.
         * @enum {string}
         */
        CaptureContent: "metadata" | "full";
        /**
         * @description Of which exchanges the bytes are stored as they passed; each keeps more than the one before it.
         * @enum {string}
         */
        CaptureRaw: "off" | "errors" | "all";
        /** @description An exchange that a draft meets otherwise. */
        ChangedExchange: {
            /**
             * Format: uuid
             * @description Its exchange.
             */
            exchange_id: string;
            /** @description The findings that are met otherwise, 100 at most. */
            findings: components["schemas"]["ChangedFinding"][];
            now: components["schemas"]["Action"] | null;
            /** @description Its span. */
            span_id: components["schemas"]["SpanId"];
            /**
             * Format: date-time
             * @description When it started.
             */
            started_at: string;
            /** @description Whose it is. */
            tenant_id: string;
            then: components["schemas"]["Action"] | null;
            /** @description Its trace. */
            trace_id: string;
        };
        /** @description A finding that a draft meets otherwise. */
        ChangedFinding: {
            /** @description In whose words. */
            channel: components["schemas"]["Channel"];
            /** @description What was found. */
            kind: components["schemas"]["FindingKind"];
            now: components["schemas"]["Action"] | null;
            /** @description The rule or model that found it. */
            rule: string;
            /** @description Which sort of it. */
            subtype: string;
            then: components["schemas"]["Action"] | null;
        };
        /**
         * @description Whose words a text holds.
         * @enum {string}
         */
        Channel: "user" | "untrusted" | "output" | "system";
        /**
         * @description Whether something does what it should.
         * @enum {string}
         */
        Condition: "ok" | "degraded";
        /** @description How much of an exchange was recorded, read and analysed. */
        Coverage: {
            /** @description What analysis did: `disabled`, `nothing to read`, or the detectors that ran. */
            analysis: string;
            /** @description What analysis left out, and why: `pii: out of time`. */
            not_analysed: string[];
            /**
             * @description What was used and is not in the cost, or only at the ordinary price: names of buckets and units,
             *     `service_tier WORD`, `batch`.
             */
            not_priced: string[];
            /** @description Parts recorded by name only, with their number: `image ×2`. */
            not_read: string[];
            /**
             * @description Whose policy was held against what was found: `installation`, or `tenant@7`, the tenant's own of that version of its
             *     settings. `null` where nothing was analysed, and of spans from before it was noted.
             */
            policy: string | null;
            /** @description The request body. */
            request: components["schemas"]["BodyCoverage"];
            /** @description The answer's body. */
            response: components["schemas"]["BodyCoverage"];
            /** @description Fields and event types the decoder does not know. */
            unknown: string[];
            /** @description What the policy keeps from being stored, and why: `raw bytes: the policy redacts`. */
            withheld: string[];
        };
        /** @description A credential that a tenant has stored for an upstream, without the credential. */
        Credential: {
            /**
             * Format: date-time
             * @description When it was stored first.
             */
            created_at: string;
            /** @description How it ends; `null` where it has less than 20 characters. */
            hint: string | null;
            /** @description Whether it is sent. */
            state: components["schemas"]["CredentialState"];
            /** @description Owner. */
            tenant_id: string;
            /**
             * Format: date-time
             * @description When another took its place last.
             */
            updated_at: string;
            /** @description The name of the upstream that it is sent to. */
            upstream: string;
        };
        /** @description A credential that is to be stored; nothing else is taken. */
        CredentialBody: {
            /** @description The credential itself: visible ASCII without spaces, as it stands behind `Bearer` or in the provider's own header. */
            secret: string;
        };
        /** @description The credentials of a tenant, by upstream. */
        CredentialList: {
            /** @description The rows. */
            items: components["schemas"]["Credential"][];
        };
        /**
         * @description Whether a stored credential is sent.
         * @enum {string}
         */
        CredentialState: "usable" | "unused" | "unreadable";
        /** @description Each thing the process depends on. */
        Dependencies: {
            journal?: components["schemas"]["JournalHealth"] | null;
            /** @description The store of everything that is not a span. */
            meta: components["schemas"]["Dependency"];
            /** @description The span store. */
            spans: components["schemas"]["Dependency"];
        } & {
            [key: string]: components["schemas"]["Dependency"];
        };
        /** @description The state of one thing we depend on. */
        Dependency: {
            /** @description The engine, where it has one. */
            backend?: string | null;
            backlog?: components["schemas"]["Backlog"] | null;
            /** @description What is wrong. */
            error?: string | null;
            /** @description Whether it does what it should. */
            status: components["schemas"]["Condition"];
        };
        /**
         * @description A thing by which spans are told apart.
         * @enum {string}
         */
        Dimension: "tenant_id" | "provider" | "dialect" | "operation" | "model" | "agent_id" | "user_id" | "session_id" | "environment" | "release" | "source" | "status" | "http_status" | "end_reason";
        /** @description What of policies applies to a tenant: of what it and the installation say, as `guard.tenant_policies` has it. */
        EffectiveGuard: {
            /** @description Whether answers are looked at before they leave. */
            answers: components["schemas"]["PolicyAnswers"];
            /** @description Whether a request may be refused for what is found in it. */
            may_block: boolean;
            /** @description Whether what is found may be replaced. */
            may_redact: boolean;
            /** @description What happens with a request without a verdict in time. */
            on_timeout: components["schemas"]["OnTimeout"];
            /** @description What happens with a request whose body cannot be read. */
            opaque: components["schemas"]["OnOpaque"];
            /** @description Whose policy is in force: `installation`, or `tenant@7`, the tenant's own of that version of its settings. */
            policy: string;
            /** @description Whether placeholders of what was redacted become the original text again. */
            restore: boolean;
        };
        /**
         * @description What applies to a tenant: of what it has set and what the installation keeps, the lesser; of policies, as
         *     `guard.tenant_policies` has it.
         */
        EffectiveSettings: {
            /** @description Whether its messages are stored. */
            capture_content: components["schemas"]["CaptureContent"];
            /** @description Of which of its exchanges the bytes are stored: of none where no message is. */
            capture_raw: components["schemas"]["CaptureRaw"];
            /** @description What is done about what is found. */
            guard: components["schemas"]["EffectiveGuard"];
        };
        /**
         * @description How an exchange ended.
         * @enum {string}
         */
        EndReason: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
        /** @description An erasure that was asked for, and its receipt. */
        Erasure: {
            /**
             * Format: date-time
             * @description When everything that was stored had been removed; `null` until then.
             */
            done_at: string | null;
            /**
             * Format: int64
             * @description Of them, those of which content or bytes were stored.
             */
            erased_contents: number;
            /**
             * Format: int64
             * @description Spans removed so far.
             */
            erased_spans: number;
            /**
             * Format: uuid
             * @description Identity.
             */
            erasure_id: string;
            /**
             * Format: date-time
             * @description Until when it is repeated.
             */
            repeat_until: string;
            /**
             * Format: date-time
             * @description When it was asked for: spans that start later stay.
             */
            requested_at: string;
            /** @description How far it is. */
            state: components["schemas"]["ErasureState"];
            /** @description Of what the spans are erased. */
            subject: components["schemas"]["ErasureSubject"];
            /** @description Of which; `null` for everything. */
            subject_id: string | null;
            /** @description Whose spans; `null` for those of all tenants. */
            tenant_id: string | null;
        };
        /** @description What a caller wants to be erased; nothing else is taken. */
        ErasureBody: {
            /**
             * Format: uuid
             * @description A UUID of the caller's choice: sent again, it is the same erasure. Else one is made.
             */
            erasure_id?: string | null;
            /** @description Of what the spans are erased. */
            subject: components["schemas"]["ErasureSubject"];
            /** @description Of which: an id, or a name of 1 to 1024 characters; left out for everything of a tenant. */
            subject_id?: string | null;
        };
        /** @description Erasures, those asked for last first. */
        ErasureList: {
            /** @description The rows. */
            items: components["schemas"]["Erasure"][];
        };
        /**
         * @description How far an erasure is.
         * @enum {string}
         */
        ErasureState: "pending" | "repeating" | "done";
        /**
         * @description Of what the spans are erased.
         * @enum {string}
         */
        ErasureSubject: "trace" | "span" | "session" | "user" | "everything";
        /** @description What went wrong in an exchange. */
        ErrorInfo: {
            /** @description A stable word: the provider's error type, or ours. */
            kind: string;
            /** @description The message. */
            message: string;
        };
        /** @description What a draft would change. */
        Evaluation: {
            /** @description The exchanges that would be met otherwise, newest first. */
            changed: components["schemas"]["ChangedExchange"][];
            /** @description Whether all were looked at that were asked for; `false` where time was over before. */
            is_whole: boolean;
            /**
             * Format: int64
             * @description Of these, the ones that there was no time for.
             */
            late: number;
            /**
             * Format: int64
             * @description Spans that were looked at.
             */
            looked_at: number;
            /** @description How many exchanges the policy in force meets with each action. */
            now: components["schemas"]["MetWith"];
            /** @description The same for the draft. */
            then: components["schemas"]["MetWith"];
            /**
             * Format: int64
             * @description Of these, the ones without what was said: it was not kept, or has expired.
             */
            without_content: number;
        };
        /** @description A draft of a policy, and the spans it is held against. */
        EvaluationBody: {
            /**
             * Format: int32
             * @description Most spans, the newest ones; 200 where nothing is said.
             */
            limit?: number | null;
            /** @description The draft, as it would stand in the settings of a tenant. */
            policy: components["schemas"]["Policy"];
            /**
             * Format: date-time
             * @description Spans that started at or after this.
             */
            since?: string | null;
            /** @description Only these spans; what is not there, or another tenant's, is left out. */
            span_ids?: components["schemas"]["SpanId"][] | null;
            /**
             * Format: date-time
             * @description Spans that started before this.
             */
            until?: string | null;
        };
        /** @description One thing a detector found. */
        Finding: {
            /** @description What the policy in force said is done about it. */
            action: components["schemas"]["Action"];
            /**
             * Format: float
             * @description How sure the detector is, 0 to 1.
             */
            confidence: number;
            /** @description What refusals and this API call it: 16 hexadecimal digits. */
            id: string;
            /** @description What it is. */
            kind: components["schemas"]["FindingKind"];
            /** @description The entry of the OWASP Top 10 for LLM Applications (2025) it belongs to, `null` where there is none. */
            owasp: string | null;
            place?: components["schemas"]["Place"] | null;
            /** @description Why, for a person. */
            reason: string;
            /** @description The rule or model that found it, a model with its version. */
            rule: string;
            /** @description How bad it is. */
            severity: components["schemas"]["Severity"];
            /** @description Which sort of it: `instruction_override`, `aws_access_key`, `credit_card`. */
            subtype?: string;
        };
        /**
         * @description What a finding is about.
         * @enum {string}
         */
        FindingKind: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk";
        /** @description The values of a group: those of the dimensions that were asked for are there, `null` where its spans have none. */
        GroupKey: {
            /** @description The agent. */
            agent_id?: string | null;
            /** @description The wire format. */
            dialect?: string | null;
            /** @description How it ended. */
            end_reason?: string | null;
            /** @description The environment. */
            environment?: string | null;
            /** @description The HTTP status the client saw. */
            http_status?: string | null;
            /** @description The model that answered, else the one asked for. */
            model?: string | null;
            /** @description The operation. */
            operation?: string | null;
            /** @description The provider. */
            provider?: string | null;
            /** @description The release. */
            release?: string | null;
            /** @description The session. */
            session_id?: string | null;
            /** @description How we came to know of it. */
            source?: string | null;
            /** @description Well or not. */
            status?: string | null;
            /** @description The owner. */
            tenant_id?: string | null;
            /** @description The end user. */
            user_id?: string | null;
        };
        /** @description The answer of `/health`. */
        Health: {
            /** @description Each dependency by name. */
            dependencies: components["schemas"]["Dependencies"];
            /** @description `degraded` where any dependency is. */
            status: components["schemas"]["Condition"];
            /**
             * Format: int64
             * @description Since the process started.
             */
            uptime_seconds: number;
            /** @description The running version. */
            version: string;
        };
        /** @description What is installed, and how far it has come with what it does later. */
        Info: {
            /**
             * @description `capture.content`, as configured.
             * @example full
             */
            capture_content: string;
            /**
             * @description `capture.raw`, as configured.
             * @example all
             */
            capture_raw: string;
            /**
             * @description The storage profile, as configured.
             * @example lite
             */
            profile: string;
            /**
             * @description Where clients send, when that is another listener than the one that answers this; else `null`.
             * @example http://127.0.0.1:8080
             */
            proxy_url: string | null;
            /** @description How far sums are prepared. */
            rollups: components["schemas"]["Rollups"];
            /** @description The engines. */
            storage: components["schemas"]["InfoStorage"];
            /** @description How far searches see. */
            text_index: components["schemas"]["TextIndex"];
            /**
             * @description The named upstreams and `default`.
             * @example [
             *       "default",
             *       "azure"
             *     ]
             */
            upstreams: string[];
            /**
             * @description The running version.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description The engines of the stores. */
        InfoStorage: {
            /**
             * @description Of everything else.
             * @example sqlite
             */
            meta: string;
            /**
             * @description Of spans.
             * @example sqlite
             */
            spans: string;
        };
        /**
         * @description A step of time, aligned in UTC.
         * @enum {string}
         */
        Interval: "1m" | "5m" | "15m" | "1h" | "6h" | "1d";
        /** @description The state of the journal. */
        JournalHealth: {
            /**
             * Format: int64
             * @description Their size.
             */
            bytes: number;
            /** @description Why it is degraded, without paths. */
            error?: string | null;
            /** @description `journal.mode` as configured. */
            mode: string;
            /**
             * Format: int64
             * @description Age of the oldest of them.
             */
            oldest_seconds: number | null;
            /**
             * Format: int64
             * @description Records the store has not acknowledged. A file that an earlier process left behind counts as one more until it is read.
             */
            records: number;
            /** @description What earlier processes left behind is still being read: `records` may grow. */
            scanning?: boolean;
            /** @description Records given up since the start, by reason; filled in by the probe from the metrics. */
            shed?: {
                [key: string]: number;
            };
            /** @description Whether it does what it should; `degraded` while it cannot write to disk. */
            status: components["schemas"]["Condition"];
        };
        /** @description An API key, without the key. */
        Key: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description From when on it opens nothing; `null` where it does not expire.
             */
            expires_at: string | null;
            /**
             * Format: uuid
             * @description Identity.
             */
            key_id: string;
            /**
             * Format: date-time
             * @description When it was used last, to the minute.
             */
            last_used_at: string | null;
            /** @description What its owner calls it. */
            name: string;
            /** @description How it begins. */
            prefix: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at: string | null;
            /** @description What it may do there. */
            role: components["schemas"]["AccessRole"];
            /** @description Whether it opens anything. */
            state: components["schemas"]["KeyState"];
            /** @description Into which tenant it reaches; `null` where it reaches everything. */
            tenant_id: string | null;
        };
        /** @description What a caller changes of a key; both must be said. */
        KeyBody: {
            /**
             * Format: date-time
             * @description From when on it opens nothing; `null` where it does not expire.
             */
            expires_at: string | null;
            /** @description What its owner calls it. */
            name: string;
        };
        /** @description API keys, the ones made last first. */
        KeyList: {
            /** @description The rows. */
            items: components["schemas"]["Key"][];
        };
        /**
         * @description Whether a key opens anything.
         * @enum {string}
         */
        KeyState: "active" | "expired" | "revoked";
        /** @description Who logs in: `key`, or `name` and `password`; nothing else is taken. */
        LoginBody: {
            /** @description An API key. */
            key?: string | null;
            /** @description A name. */
            name?: string | null;
            /** @description Its password. */
            password?: string | null;
        };
        /** @description An OpenID provider to log in through. */
        LoginProvider: {
            /** @description What people call it. */
            name: string;
        };
        /** @description Which ways there are to log in. */
        LoginWays: {
            /** @description Whether a key or a login is needed here. */
            auth_required: boolean;
            oidc: components["schemas"]["LoginProvider"] | null;
            /** @description Whether anybody has a password. */
            password: boolean;
        };
        /** @description Whoever asks. */
        Me: {
            /** @description Whether a key or a login is needed here. */
            auth_required: boolean;
            /**
             * Format: uuid
             * @description The key or the user; `null` where nobody is asked.
             */
            id: string | null;
            /** @description How they were told apart. */
            kind: components["schemas"]["MeKind"];
            /** @description What to show of them; `null` where there is nothing. */
            name: string | null;
            /** @description Whether they administer the whole installation. */
            platform: boolean;
            /** @description Their role in each tenant they reach; empty for who reaches all. */
            tenants: components["schemas"]["MeTenant"][];
        };
        /**
         * @description How somebody was told apart.
         * @enum {string}
         */
        MeKind: "key" | "user" | "anonymous";
        /** @description A role in a tenant. */
        MeTenant: {
            /** @description What they may do there. */
            role: components["schemas"]["AccessRole"];
            /** @description The tenant. */
            tenant_id: string;
        };
        /** @description What spans add up to. */
        Measures: {
            /**
             * @description Cost of the priced ones in US dollars, a decimal string.
             * @example 0.00025
             */
            cost_usd: string;
            duration_ms: components["schemas"]["Percentiles"] | null;
            /**
             * Format: double
             * @description Their share, 0 to 1; 0 where there are no spans.
             */
            error_rate: number;
            /**
             * Format: int64
             * @description Those of them that did not go well.
             */
            errors: number;
            /**
             * Format: date-time
             * @description When the oldest started.
             */
            first_started_at: string | null;
            /**
             * Format: date-time
             * @description When the newest started.
             */
            last_started_at: string | null;
            /**
             * Format: int64
             * @description Spans.
             */
            requests: number;
            time_to_first_token_ms: components["schemas"]["Percentiles"] | null;
            /**
             * Format: int64
             * @description Those that used something and have no price.
             */
            unpriced_requests: number;
            /** @description Tokens of those that have a usage. */
            usage: components["schemas"]["Usage"];
        };
        /** @description One message: who speaks, and in which parts. */
        Message: {
            /** @description Why the model stopped, in the provider's word; output messages only. */
            finish_reason?: string | null;
            /** @description The speaker's name, where one was given. */
            name?: string | null;
            /** @description What was said, in order. */
            parts: components["schemas"]["Part"][];
            /** @description The speaker. */
            role: components["schemas"]["Role"];
        };
        /** @description How many exchanges are met with each action, the strongest of all their findings. */
        MetWith: {
            /**
             * Format: int64
             * @description They are refused.
             */
            block: number;
            /**
             * Format: int64
             * @description They are flagged.
             */
            flag: number;
            /**
             * Format: int64
             * @description With none: nothing was found, or nothing that counts.
             */
            nothing: number;
            /**
             * Format: int64
             * @description They are on the span.
             */
            observe: number;
            /**
             * Format: int64
             * @description Text is replaced.
             */
            redact: number;
        };
        /** @description A model that was used, and what it costs now. */
        ModelPrice: {
            /** @description What the priced ones cost. */
            cost_usd: string;
            /**
             * Format: date-time
             * @description When the newest started.
             */
            last_seen: string;
            /** @description The model that answered, else the one asked for. */
            model: string;
            price: components["schemas"]["Price"] | null;
            /** @description The provider. */
            provider: string;
            /**
             * Format: int64
             * @description Its spans.
             */
            requests: number;
            /**
             * Format: int64
             * @description All their tokens.
             */
            total_tokens: number;
            /**
             * Format: int64
             * @description Those of them that used something and have no cost.
             */
            unpriced_requests: number;
        };
        /** @description The models that were used in a time, most requests first. */
        ModelPriceList: {
            /**
             * Format: date-time
             * @description The use counts spans that started at or after.
             */
            from: string;
            /** @description The models. */
            items: components["schemas"]["ModelPrice"][];
            /**
             * Format: date-time
             * @description The use counts spans that started before.
             */
            until: string;
        };
        /**
         * @description A name; a `*` at the end stands for whatever follows.
         * @example injection.*
         */
        NamePattern: string;
        /** @description What a caller says of a new person; nothing else is taken. */
        NewAccountBody: {
            /** @description What others read; may be empty. */
            display: string;
            /** @description What they log in with, typically an e-mail address. */
            name: string;
            /** @description A password, of at least 12 characters and at most 256 bytes; left out, they log in through an OpenID provider only. */
            password?: string | null;
            /** @description What they may do in the tenant that is named; `platform` with none. */
            role: components["schemas"]["AccessRole"];
        };
        /** @description A key that was just made: the only answer that holds it. */
        NewKey: components["schemas"]["Key"] & {
            /** @description The key itself. It is stored nowhere: whoever loses it makes another. */
            key: string;
        };
        /** @description What a caller says of a new key; nothing else is taken. */
        NewKeyBody: {
            /**
             * Format: date-time
             * @description From when on it opens nothing; left out, it does not expire.
             */
            expires_at?: string | null;
            /** @description What its owner calls it. */
            name: string;
            /** @description What it may do in the tenant that is named; `platform` with none. */
            role: components["schemas"]["AccessRole"];
        };
        /**
         * @description What happens with a request whose body cannot be read.
         * @enum {string}
         */
        OnOpaque: "allow" | "flag" | "block";
        /**
         * @description What happens with a request without a verdict in time.
         * @enum {string}
         */
        OnTimeout: "allow" | "deny";
        /**
         * @description How an action of the audit log went.
         * @enum {string}
         */
        Outcome: "done" | "refused" | "failed";
        /** @description One part of a message, in the shape of OpenTelemetry's GenAI conventions. */
        Part: {
            /** @description The text. */
            content: string;
            /** @enum {string} */
            type: "text";
        } | {
            /** @description Its arguments: JSON where they parse, else the raw text. */
            arguments: unknown;
            /** @description The provider's id of the call. */
            id?: string | null;
            /** @description The tool. */
            name: string;
            /** @enum {string} */
            type: "tool_call";
        } | {
            /** @description The call it answers. */
            id?: string | null;
            /** @description What it answered. */
            result: unknown;
            /** @enum {string} */
            type: "tool_call_response";
        } | {
            /** @description The text; empty where the provider hides it. */
            content: string;
            /** @enum {string} */
            type: "reasoning";
        } | {
            /** @description The text. */
            content: string;
            /** @enum {string} */
            type: "refusal";
        } | {
            /** @description The stated media type. */
            mime_type?: string | null;
            /** @description `image`, `audio`, `document` or `file`. */
            modality: string;
            /**
             * Format: int64
             * @description Size of the bytes as sent.
             */
            size_bytes: number;
            /** @enum {string} */
            type: "blob";
        } | {
            /** @description `image`, `audio`, `document` or `file`. */
            modality: string;
            /** @enum {string} */
            type: "uri";
            /** @description Where it is. */
            uri: string;
        } | {
            /** @description The provider's id. */
            file_id: string;
            /** @description `image`, `audio`, `document` or `file`. */
            modality: string;
            /** @enum {string} */
            type: "file";
        } | {
            /** @enum {string} */
            type: "raw";
            /** @description The part as it was sent. */
            value: unknown;
        };
        /** @description A change of one's own password. */
        PasswordBody: {
            /** @description The new one, of at least 12 characters and at most 256 bytes. */
            new: string;
            /** @description The password as it is. */
            old: string;
        };
        /**
         * @description Percentiles in milliseconds, at most 3.2 % off.
         * @example {
         *       "p50": 1022.975,
         *       "p95": 4456.447,
         *       "p99": 8126.463
         *     }
         */
        Percentiles: {
            /**
             * Format: double
             * @description Half of them took no longer.
             */
            p50: number;
            /**
             * Format: double
             * @description 95 of a hundred took no longer.
             */
            p95: number;
            /**
             * Format: double
             * @description 99 of a hundred took no longer.
             */
            p99: number;
        };
        /** @description A stretch of text in an exchange. */
        Place: {
            /** @description Whose words they are. */
            channel: components["schemas"]["Channel"];
            /**
             * Format: int64
             * @description The byte behind its last one.
             */
            end: number;
            /** @description Which text: a JSON Pointer (RFC 6901) into the span's content, `/input_messages/0/parts/1/content`. */
            path: string;
            /**
             * Format: int64
             * @description Its first byte in that text, in UTF-8.
             */
            start: number;
        };
        /** @description A policy of a tenant's own; what is left out or `null` is as the installation has it. */
        Policy: {
            /** @description What is no finding to this tenant. */
            allow?: components["schemas"]["PolicyAllow"][] | null;
            answers?: components["schemas"]["PolicyAnswers"] | null;
            mode?: components["schemas"]["PolicyMode"] | null;
            on_timeout?: components["schemas"]["OnTimeout"] | null;
            opaque?: components["schemas"]["OnOpaque"] | null;
            preset?: components["schemas"]["PolicyPreset"] | null;
            /** @description Whether placeholders of what was redacted from a request become the original text again in its answer. */
            restore?: boolean | null;
            /** @description Rules, in order; the first that matches a finding decides. */
            rules?: components["schemas"]["PolicyRule"][] | null;
            /** @description Which tools agents may use. */
            tools?: components["schemas"]["AgentTools"][] | null;
        };
        /** @description What is no finding: all that is given has to fit, and something has to be given. */
        PolicyAllow: {
            rule?: components["schemas"]["NamePattern"] | null;
            /** @description The SHA-256 of that text. */
            sha256?: string | null;
            /** @description The text that was found, letter by letter. */
            text?: string | null;
        };
        /**
         * @description Whether answers are looked at before they leave.
         * @enum {string}
         */
        PolicyAnswers: "pass" | "hold";
        /**
         * @description Whether what the rules say is done.
         * @enum {string}
         */
        PolicyMode: "enforce" | "shadow";
        /**
         * @description Rules to begin with.
         * @enum {string}
         */
        PolicyPreset: "balanced" | "strict" | "quiet";
        /** @description One rule; an empty list, or what is left out, matches everything. */
        PolicyRule: {
            /** @description What is done. */
            action: components["schemas"]["Action"];
            /** @description Whose words. */
            channels?: components["schemas"]["Channel"][];
            /** @description Kinds of findings. */
            kinds?: components["schemas"]["FindingKind"][];
            /**
             * Format: float
             * @description At least so sure.
             */
            min_score?: number | null;
            min_severity?: components["schemas"]["Severity"] | null;
            /** @description Sorts of them. */
            subtypes?: components["schemas"]["NamePattern"][];
        };
        /** @description What applies to a model; amounts are decimal strings of US dollars. */
        Price: {
            /** @description Other prices of tokens for exchanges with long prompts, ascending. */
            above_input_tokens: components["schemas"]["PriceStep"][];
            /** @description Where the prices of tokens come from. */
            source: components["schemas"]["PriceSource"];
            /** @description By bucket; one without a price is absent. */
            usd_per_million_tokens: {
                [key: string]: string;
            };
            /** @description By the piece: `web_searches`, `pages`, `requests`, …; audio by the minute. */
            usd_per_unit: {
                [key: string]: string;
            };
            /** @description Which prices these are, as spans carry it in `price_version`. */
            version: string;
        };
        /**
         * @description Where prices come from.
         * @enum {string}
         */
        PriceSource: "list" | "override";
        /** @description The prices of all tokens of an exchange with a long prompt. */
        PriceStep: {
            /**
             * Format: int64
             * @description They apply above so many input tokens.
             */
            input_tokens: number;
            /** @description By bucket. */
            usd_per_million_tokens: {
                [key: string]: string;
            };
        };
        /** @description RFC 9457 problem details, media type `application/problem+json`. */
        Problem: {
            /** @description This occurrence in words. */
            detail: string;
            /** @description What is allowed. */
            expected?: string | null;
            /** @description What was found in it, shortened. */
            found?: string | null;
            /** @description The parameter at fault. */
            parameter?: string | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The kind in words. */
            title: string;
            /**
             * @description What kind of problem it is: a stable URN.
             * @example urn:llmtrace:problem:bad-parameter
             */
            type: string;
        };
        /** @description The bytes of an exchange as they passed. */
        Raw: {
            request: components["schemas"]["RawBody"] | null;
            response: components["schemas"]["RawBody"] | null;
        };
        /** @description One body as it passed, as far as a copy was kept. */
        RawBody: {
            /**
             * @description The stated `Content-Encoding`; the bytes are as it says.
             * @example gzip
             */
            content_encoding: string | null;
            /** @description How `head` and `tail` are written. */
            encoding: components["schemas"]["RawEncoding"];
            /** @description The first bytes. */
            head: string;
            /**
             * @description The stated `Content-Type`.
             * @example application/json
             */
            media_type: string | null;
            /**
             * Format: int64
             * @description Bytes that are missing between `head` and `tail`.
             */
            omitted_bytes: number;
            /**
             * Format: int64
             * @description Size of the whole body.
             */
            size_bytes: number;
            /** @description The last bytes, where some between are missing; else empty, or what follows `head`. */
            tail: string;
        };
        /**
         * @description How bytes are written as text.
         * @enum {string}
         */
        RawEncoding: "utf8" | "base64";
        /** @description How long the spans of a tenant are kept. */
        Retention: {
            /**
             * Format: int32
             * @description What was said, and the bytes as they passed: so many days; `null` for ever.
             */
            content_days: number | null;
            /** @description Whose rule this is. */
            source: components["schemas"]["RetentionSource"];
            /**
             * Format: int32
             * @description Spans: so many days; `null` for ever.
             */
            span_days: number | null;
            /** @description The tenant. */
            tenant_id: string;
        };
        /** @description A tenant's own rule; both must be said, so that a forgotten one keeps nothing for ever. */
        RetentionBody: {
            /**
             * Format: int32
             * @description What was said, and the bytes as they passed: 1 to 36500 days, or `null` for ever.
             */
            content_days: number | null;
            /**
             * Format: int32
             * @description Spans: 1 to 36500 days, or `null` for ever.
             */
            span_days: number | null;
        };
        /**
         * @description Where a rule of retention comes from.
         * @enum {string}
         */
        RetentionSource: "tenant" | "setting";
        /**
         * @description Who speaks.
         * @enum {string}
         */
        Role: "system" | "developer" | "user" | "assistant" | "tool" | "unknown";
        /** @description How far sums are prepared; they are exact all the same. */
        Rollups: {
            /**
             * Format: int64
             * @description Hours of a tenant that ended and whose spans are still read one by one.
             * @example 0
             */
            behind_hours: number;
        };
        /** @description What was found in a text. */
        Scanned: {
            /** @description What was found, in the order of the text. */
            findings: components["schemas"]["ScannedFinding"][];
            /** @description That of the text. */
            id: unknown;
            /** @description The detectors that did not get to it in time. */
            late?: string[];
            /**
             * Format: int64
             * @description How long it took, in microseconds.
             */
            micros: number;
            /**
             * Format: float
             * @description The highest score of a finding; 0 where there is none.
             */
            score: number;
        };
        /** @description One thing that was found in a text. */
        ScannedFinding: {
            /** @description The character behind its last one. */
            end: number;
            /** @description What it is. */
            kind: string;
            /** @description The entry of the OWASP Top 10 for LLM Applications (2025) it belongs to. */
            owasp?: string | null;
            /** @description Why, for a person. */
            reason: string;
            /** @description The rule or model that found it. */
            rule: string;
            /**
             * Format: float
             * @description How sure it is, 0 to 1.
             */
            score: number;
            /** @description How bad it is: `info`, `low`, `medium`, `high`, `critical`. */
            severity: string;
            /** @description Its first character in the text, counted in Unicode code points. */
            start: number;
            /** @description Which sort of it. */
            subtype: string;
        };
        /** @description A text to look at. */
        ScannedText: {
            channel?: components["schemas"]["Channel"] | null;
            /** @description Anything; stands in the answer as it is. */
            id?: unknown;
            /** @description The text. */
            text: string;
        };
        /**
         * @description How much of a body was seen.
         * @enum {string}
         */
        Seen: "empty" | "whole" | "truncated" | "opaque" | "not_kept";
        /** @description One session: what all its spans add up to. */
        Session: components["schemas"]["SessionSums"] & {
            /**
             * Format: int64
             * @description How many traces they belong to.
             * @example 3
             */
            traces: number;
        };
        /** @description One session with its traces. */
        SessionDetail: components["schemas"]["SessionSums"] & {
            /** @description A page of its traces. */
            traces: components["schemas"]["SessionTraces"];
        };
        /** @description A page of sessions, newest first. */
        SessionList: {
            /** @description The rows. */
            items: components["schemas"]["Session"][];
            /** @description What `after` takes to get the next page; `null` at the end. */
            next: string | null;
            text_index: components["schemas"]["TextIndex"] | null;
        };
        /** @description What all spans of a session add up to. */
        SessionSums: {
            /**
             * @description The agents, likewise.
             * @example [
             *       "support-bot"
             *     ]
             */
            agent_ids: string[];
            /**
             * @description Cost of the priced spans in US dollars, a decimal string.
             * @example 0.0125
             */
            cost_usd: string;
            /**
             * Format: double
             * @description From the first start to the last end.
             * @example 301250.5
             */
            duration_ms: number;
            /**
             * Format: int64
             * @description How many of them failed.
             * @example 1
             */
            errors: number;
            /**
             * Format: date-time
             * @description When its last span started.
             * @example 2026-01-31T12:05:00.000000Z
             */
            last_started_at: string;
            /**
             * @description The models that answered (or were asked), sorted, at most 100.
             * @example [
             *       "gpt-4o"
             *     ]
             */
            models: string[];
            /**
             * @description The session, in the words of the application.
             * @example chat-17
             */
            session_id: string;
            /**
             * Format: int64
             * @description How many spans it has.
             * @example 12
             */
            spans: number;
            /**
             * Format: date-time
             * @description When its first span started.
             * @example 2026-01-31T12:00:00.000000Z
             */
            started_at: string;
            /**
             * @description Owner.
             * @example default
             */
            tenant_id: string;
            /**
             * Format: int64
             * @description All tokens.
             * @example 4200
             */
            total_tokens: number;
            /**
             * @description The end users, likewise.
             * @example [
             *       "user-4711"
             *     ]
             */
            user_ids: string[];
        };
        /** @description A page of the traces of a session, newest first. */
        SessionTraces: {
            /** @description The rows. */
            items: components["schemas"]["Trace"][];
            /** @description What `after` takes to get the next page; `null` at the end. */
            next: string | null;
        };
        /** @description The settings of a tenant; `null` where the installation decides alone. */
        Settings: {
            capture_content: components["schemas"]["CaptureContent"] | null;
            capture_raw: components["schemas"]["CaptureRaw"] | null;
            /** @description What applies. */
            effective: components["schemas"]["EffectiveSettings"];
            guard: components["schemas"]["Policy"] | null;
            /** @description The tenant. */
            tenant_id: string;
            /**
             * Format: date-time
             * @description When they were changed last; `null` where they never were.
             */
            updated_at: string | null;
        };
        /**
         * @description What a tenant sets. What is kept must be said, so that nothing is forgotten by leaving it out; a policy that is left out
         *     stays.
         */
        SettingsBody: {
            capture_content: components["schemas"]["CaptureContent"] | null;
            capture_raw: components["schemas"]["CaptureRaw"] | null;
            guard?: components["schemas"]["Policy"] | null;
        };
        /**
         * @description How bad a finding is.
         * @enum {string}
         */
        Severity: "info" | "low" | "medium" | "high" | "critical";
        /**
         * @description How we came to know of a span.
         * @enum {string}
         */
        Source: "proxy" | "otlp";
        /** @description One exchange, without what was said in it. */
        Span: {
            /** @description The agent that sent it. */
            agent_id: string | null;
            /** @description The client's IP address. */
            client_address: string | null;
            /**
             * Format: double
             * @description How long opening the upstream connection took, `null` where one was reused.
             */
            connect_ms: number | null;
            /**
             * @description Price in US dollars as a decimal string, `null` where the model has no price.
             * @example 0.00025
             */
            cost_usd: string | null;
            /** @description What of the exchange was seen, and what was not. */
            coverage: components["schemas"]["Coverage"];
            /** @description The wire format, `opaque` where it is not one we read. */
            dialect: string;
            /**
             * Format: double
             * @description From the start to the last byte.
             */
            duration_ms: number;
            /** @description How it ended. */
            end_reason: components["schemas"]["EndReason"];
            /** @description The environment it was sent from. */
            environment: string | null;
            error: components["schemas"]["ErrorInfo"] | null;
            /**
             * Format: uuid
             * @description Identity of the exchange, a UUIDv7.
             */
            exchange_id: string;
            /** @description What detection found. */
            findings: components["schemas"]["Finding"][];
            /** @description Why the model stopped, one per choice, in the provider's words. */
            finish_reasons: string[];
            /**
             * Format: int32
             * @description The HTTP status the client saw.
             */
            http_status: number | null;
            /** @description HTTP method. */
            method: string;
            /** @description OpenTelemetry's operation name (`chat`, `embeddings`, …), or the HTTP method of an opaque exchange. */
            operation: string;
            /**
             * Format: int64
             * @description What the proxy itself took before the request left, in microseconds.
             */
            overhead_us: number;
            /** @description Request parameters by their OpenTelemetry name without prefix (`temperature`, `max_tokens`, …). */
            params: {
                [key: string]: unknown;
            };
            /** @description The client's span, where it sent a `traceparent`. */
            parent_span_id: string | null;
            /** @description Path and query, credentials redacted. */
            path: string;
            /** @description Which prices were applied. */
            price_version: string | null;
            /** @description OpenTelemetry's provider name, `unknown` where none is recognised. */
            provider: string;
            /** @description The provider's id of the request. */
            provider_request_id: string | null;
            /** @description The provider's rate-limit headers, as sent. */
            rate_limits: {
                [key: string]: string;
            };
            /** @description The release it was sent by. */
            release: string | null;
            /**
             * Format: int64
             * @description Body bytes from the client.
             */
            request_bytes: number;
            /** @description The model asked for. */
            request_model: string | null;
            /**
             * Format: int64
             * @description Body bytes to the client.
             */
            response_bytes: number;
            /** @description The provider's id of the answer. */
            response_id: string | null;
            /** @description The model that answered. */
            response_model: string | null;
            /** @description The session it belongs to. */
            session_id: string | null;
            /** @description How we came to know of it. */
            source: components["schemas"]["Source"];
            /** @description This span, 16 hex digits. */
            span_id: string;
            /**
             * Format: date-time
             * @description When the request head arrived.
             */
            started_at: string;
            /** @description Whether it went well. */
            status: components["schemas"]["Status"];
            /** @description Whether the answer came as a stream. */
            stream: boolean;
            /** @description Tags, and the request's metadata as `key:value`. */
            tags: string[];
            /** @description Owner. */
            tenant_id: string;
            /**
             * Format: double
             * @description From the start to the upstream's answer head.
             */
            time_to_first_byte_ms: number | null;
            /**
             * Format: double
             * @description From the start to the first token of a stream.
             */
            time_to_first_token_ms: number | null;
            /** @description The trace it belongs to, 32 hex digits. */
            trace_id: string;
            /**
             * @description What is billed by the piece (`web_searches`, `images_out`, `audio_in_ms`, …), by name; absent ones are zero.
             * @example {
             *       "web_searches": 1
             *     }
             */
            units: {
                [key: string]: number;
            };
            /** @description The name of the upstream it went to, empty where the request named none that is known. */
            upstream: string;
            usage: components["schemas"]["Usage"] | null;
            /** @description Where the tokens come from. */
            usage_source: components["schemas"]["UsageSource"];
            /** @description The end user it was sent for. */
            user_id: string | null;
            /**
             * Format: int32
             * @description 0 when first written; a re-pricing writes a higher one.
             */
            version: number;
        };
        /** @description One exchange with what was said in it; the four content fields are `null` where content was not kept. */
        SpanDetail: components["schemas"]["Span"] & {
            /** @description What the client sent. */
            input_messages: components["schemas"]["Message"][] | null;
            /** @description What the model answered, one message per choice. */
            output_messages: components["schemas"]["Message"][] | null;
            /** @description Instructions outside the message list. */
            system_instructions: components["schemas"]["Part"][] | null;
            /** @description The tools offered to the model, verbatim. */
            tool_definitions: unknown[] | null;
        };
        /**
         * @description The id of a span.
         * @example 00f067aa0ba902b7
         */
        SpanId: string;
        /** @description A page of spans, newest first. */
        SpanList: {
            /** @description The rows. */
            items: components["schemas"]["Span"][];
            /** @description What `after` takes to get the next page; `null` at the end. */
            next: string | null;
            text_index: components["schemas"]["TextIndex"] | null;
        };
        /** @description What the matching spans of a time add up to. */
        Stats: {
            /**
             * Format: date-time
             * @description Spans that started at or after.
             */
            from: string;
            /** @description By what the groups are told apart. */
            group_by: components["schemas"]["Dimension"][];
            /** @description Each group, greatest first. */
            groups: components["schemas"]["StatsGroup"][];
            /**
             * Format: int64
             * @description How many groups are left out.
             */
            groups_left_out: number;
            interval: components["schemas"]["Interval"] | null;
            /** @description All of them step by step, oldest first; a step without spans is left out. */
            points: components["schemas"]["StatsPoint"][];
            previous: components["schemas"]["Measures"] | null;
            rest: components["schemas"]["Measures"] | null;
            /** @description All of them. */
            total: components["schemas"]["Measures"];
            /**
             * Format: date-time
             * @description Spans that started before.
             */
            until: string;
        };
        /** @description Spans with the same values, and what they add up to. */
        StatsGroup: {
            /** @description The value of each dimension; `null` stands for the spans without one. */
            key: components["schemas"]["GroupKey"];
            /** @description Step by step, oldest first; a step without spans is left out. */
            points: components["schemas"]["StatsPoint"][];
            previous: components["schemas"]["Measures"] | null;
            /** @description What they add up to. */
            total: components["schemas"]["Measures"];
        };
        /** @description One step of time and what its spans add up to. */
        StatsPoint: components["schemas"]["Measures"] & {
            /**
             * Format: date-time
             * @description Where the step begins; it may lie before `from`.
             */
            start: string;
        };
        /**
         * @description Whether an exchange went well.
         * @enum {string}
         */
        Status: "ok" | "error";
        /** @description A tenant that was seen. */
        Tenant: {
            /**
             * Format: date-time
             * @description When its first span started.
             */
            first_seen: string;
            /**
             * Format: date-time
             * @description When its last span started.
             */
            last_seen: string;
            /** @description Its name. */
            tenant_id: string;
        };
        /** @description The tenants that were seen, by name. */
        TenantList: {
            /** @description The rows. */
            items: components["schemas"]["Tenant"][];
            /** @description Always `null`: there is one page. */
            next: string | null;
        };
        /** @description How far searches see. */
        TextIndex: {
            /**
             * Format: int64
             * @description Spans that no search finds yet.
             * @example 0
             */
            behind_spans: number;
        };
        /** @description A name of an agent or a tool, with `*` for any characters and `?` for one. */
        ToolPattern: string;
        /** @description What changed most against the period before of the same length. */
        Top: {
            /** @description By what the groups are told apart. */
            by: components["schemas"]["Dimension"];
            /**
             * Format: date-time
             * @description The current period begins here.
             */
            from: string;
            /** @description The groups, the greatest change up or down first. */
            items: components["schemas"]["TopItem"][];
            /** @description What is compared. */
            measure: components["schemas"]["TopMeasure"];
            /**
             * Format: date-time
             * @description The period before begins here; it ends before `from`.
             */
            previous_from: string;
            /**
             * Format: date-time
             * @description The current period ends before.
             */
            until: string;
        };
        /** @description How one group changed. */
        TopItem: {
            /**
             * Format: double
             * @description The measure now less the measure before; in dollars for `cost`, in milliseconds for the times. What is not there counts
             *     as 0.
             * @example 1.25
             */
            change: number;
            current: components["schemas"]["Measures"] | null;
            /**
             * @description The value; `null` stands for the spans without one.
             * @example gpt-4o
             */
            key: string | null;
            previous: components["schemas"]["Measures"] | null;
            /**
             * Format: double
             * @description The measure now divided by the measure before; `null` where that is 0.
             * @example 1.5
             */
            ratio: number | null;
        };
        /**
         * @description What is compared with the period before.
         * @enum {string}
         */
        TopMeasure: "cost" | "requests" | "errors" | "error_rate" | "tokens" | "duration_p95" | "time_to_first_token_p95";
        /** @description One trace: what its spans add up to. */
        Trace: {
            /**
             * @description Cost of the priced spans in US dollars, a decimal string.
             * @example 0.00025
             */
            cost_usd: string;
            /**
             * Format: double
             * @description From the first start to the last end.
             */
            duration_ms: number;
            /**
             * Format: int64
             * @description How many of them failed.
             */
            error_count: number;
            /** @description The models that answered (or were asked), sorted. */
            models: string[];
            /** @description The session of its first span. */
            session_id: string | null;
            /**
             * Format: int64
             * @description How many spans it has.
             */
            span_count: number;
            /**
             * Format: date-time
             * @description When its first span started.
             */
            started_at: string;
            /** @description Owner. */
            tenant_id: string;
            /**
             * Format: int64
             * @description All tokens.
             */
            total_tokens: number;
            /** @description The trace, 32 hex digits. */
            trace_id: string;
        };
        /** @description One trace with its spans, oldest first. */
        TraceDetail: components["schemas"]["Trace"] & {
            /** @description Its spans with what was said in them; the first 1000. */
            spans: components["schemas"]["SpanDetail"][];
            /** @description Whether it has more spans than are shown; the sums are those of the spans shown, `span_count` counts all. */
            truncated: boolean;
        };
        /** @description A page of traces, newest first. */
        TraceList: {
            /** @description The rows. */
            items: components["schemas"]["Trace"][];
            /** @description What `after` takes to get the next page; `null` at the end. */
            next: string | null;
            text_index: components["schemas"]["TextIndex"] | null;
        };
        /** @description Tokens in exclusive buckets: every token is in exactly one, so that they add up to `total`. */
        Usage: {
            /**
             * Format: int64
             * @description Audio input read from the provider's prompt cache, where it says so.
             */
            audio_cache_read: number;
            /**
             * Format: int64
             * @description Audio input.
             */
            audio_input: number;
            /**
             * Format: int64
             * @description Audio output.
             */
            audio_output: number;
            /**
             * Format: int64
             * @description Input read from the provider's prompt cache.
             */
            cache_read: number;
            /**
             * Format: int64
             * @description Input written to the cache for one hour.
             */
            cache_write_1h: number;
            /**
             * Format: int64
             * @description Input written to the cache for five minutes (or without a stated lifetime).
             */
            cache_write_5m: number;
            /**
             * Format: int64
             * @description Image and video input read from the provider's prompt cache, where it says so.
             */
            image_cache_read: number;
            /**
             * Format: int64
             * @description Image and video input.
             */
            image_input: number;
            /**
             * Format: int64
             * @description Image output.
             */
            image_output: number;
            /**
             * Format: int64
             * @description Uncached text input.
             */
            input: number;
            /**
             * Format: int64
             * @description Text output without reasoning.
             */
            output: number;
            /**
             * Format: int64
             * @description Reasoning (thinking) output.
             */
            reasoning: number;
            /**
             * Format: int64
             * @description The sum of all of them.
             */
            total: number;
        };
        /**
         * @description Where the tokens come from.
         * @enum {string}
         */
        UsageSource: "provider" | "estimated" | "none";
        /** @description An end user of one tenant. */
        User: components["schemas"]["Measures"] & {
            /** @description Owner. */
            tenant_id: string;
            /**
             * @description The end user, in the words of the application.
             * @example user-4711
             */
            user_id: string;
        };
        /** @description The end users of a time, greatest first. */
        UserList: {
            /**
             * Format: date-time
             * @description Spans that started at or after.
             */
            from: string;
            /** @description The rows. */
            items: components["schemas"]["User"][];
            /**
             * Format: int64
             * @description How many more there are.
             */
            left_out: number;
            /**
             * Format: date-time
             * @description Spans that started before.
             */
            until: string;
        };
        /** @description A page of the dashboard with its filters, under a name. */
        View: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description What the user calls it. */
            name: string;
            /** @description The page. */
            page: components["schemas"]["ViewPage"];
            /** @description The page's query parameters, by name. */
            query: {
                [key: string]: string;
            };
            /** @description Owner; `null` where it belongs to the whole installation. */
            tenant_id: string | null;
            /**
             * Format: date-time
             * @description When it was changed last.
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description Identity.
             */
            view_id: string;
        };
        /** @description What a caller says of a view; nothing else is taken. */
        ViewBody: {
            /** @description What the user calls it. */
            name: string;
            /** @description The page. */
            page: components["schemas"]["ViewPage"];
            /** @description The page's query parameters by name, at most 40, each a parameter of a route of this API. */
            query: {
                [key: string]: string;
            };
        };
        /** @description The saved views, by name. */
        ViewList: {
            /** @description The rows. */
            items: components["schemas"]["View"][];
        };
        /**
         * @description A page of the dashboard that can be saved.
         * @enum {string}
         */
        ViewPage: "overview" | "traces" | "sessions" | "users" | "agents";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_accounts: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The people */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_account: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAccountBody"];
            };
        };
        responses: {
            /** @description The person */
            201: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    /** @description Its path */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The name is taken, or there are too many */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_account: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Their UUID */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is nobody of that id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replace_account: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header: {
                /** @description The `ETag` of what is changed, or `*` */
                "If-Match": string;
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Their UUID */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountBody"];
            };
        };
        responses: {
            /** @description The person, changed */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is nobody of that id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description They reach into other tenants, too, and more than the role was to change */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description They were changed meanwhile */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_account: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Their UUID */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is nobody of that id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description They reach into other tenants, too */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Others keep changing them */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_out_account: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Their UUID */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Logged out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is nobody of that id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description They reach into other tenants, too */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Others keep changing them */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_agents: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description Greatest first by this. Expected: one of requests, errors, cost, tokens.
                 * @example cost
                 */
                order?: "requests" | "errors" | "cost" | "tokens";
                /**
                 * @description Rows kept. Expected: a whole number from 1 to 1000.
                 * @example 50
                 */
                limit?: number;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The agents */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_audit: {
        parameters: {
            query?: {
                /**
                 * @description Done at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Done before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Done by this actor. Expected: key:UUID, user:UUID, cli, system or anonymous.
                 * @example cli
                 */
                actor?: string;
                /**
                 * @description Exactly this; with a dot at its end everything that begins so. Expected: 1 to 1024 characters of text.
                 * @example erasures.
                 */
                action?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description Rows of the page. Expected: a whole number from 1 to 500.
                 * @example 50
                 */
                limit?: number;
                /** @description Where the page before ended: its `next`. Expected: the value of "next" from the page before. */
                after?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the audit log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_audit_chain: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /** @description The place of the last record that the reader has: only those behind it. Expected: a whole number from 0 to 9007199254740991. */
                after?: number;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The records of the chain */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": components["schemas"]["AuditLine"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_erasures: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The erasures */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_erasure: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ErasureBody"];
            };
        };
        responses: {
            /** @description It is to be erased; the receipt as it is now */
            202: {
                headers: {
                    /** @description The path of its receipt */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The id is another erasure's */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_erasure: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Its UUID */
                erasure_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The erasure */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such erasure */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_spans: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description One JSON object a line, comma-separated values, or one Parquet file. Expected: one of jsonl, csv, parquet.
                 * @example jsonl
                 */
                format?: "jsonl" | "csv" | "parquet";
                /**
                 * @description The most rows; all where it is not given. Expected: a whole number from 1 to 4294967295.
                 * @example 100
                 */
                limit?: number;
                /** @description The last row that the reader has whole: only rows that come after it. Expected: the exchange_id of a stored span, a UUID. */
                after?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The spans */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": components["schemas"]["SpanDetail"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": number[];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_info: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is installed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Info"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_keys: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys, without the keys themselves */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_key: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKeyBody"];
            };
        };
        responses: {
            /** @description The key */
            201: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    /** @description Its path */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There are too many */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_key: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Its UUID */
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key, without the key itself */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such key */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replace_key: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header: {
                /** @description The `ETag` of what is changed, or `*` */
                "If-Match": string;
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Its UUID */
                key_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyBody"];
            };
        };
        responses: {
            /** @description The key, changed */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such key */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It was changed meanwhile */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revoke_key: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Its UUID */
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key, revoked */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such key */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Others keep changing it */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ways */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginWays"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginBody"];
            };
        };
        responses: {
            /** @description Who has logged in */
            200: {
                headers: {
                    /** @description The cookie of the login */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Logged out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who is asking */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordBody"];
            };
        };
        responses: {
            /** @description Changed */
            204: {
                headers: {
                    /** @description The new cookie */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Others keep changing this person */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_model_prices: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The models, their use and their prices */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelPriceList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The OpenAPI 3.1 document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    evaluate_policy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EvaluationBody"];
            };
        };
        responses: {
            /** @description What would change */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    scan_text: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScannedText"];
            };
        };
        responses: {
            /** @description What was found */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scanned"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_sessions: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description Rows of the page. Expected: a whole number from 1 to 1000.
                 * @example 50
                 */
                limit?: number;
                /** @description Where the page before ended: its `next`. Expected: the value of "next" from the page before. */
                after?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_session: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description Rows of the page. Expected: a whole number from 1 to 1000.
                 * @example 50
                 */
                limit?: number;
                /** @description Where the page before ended: its `next`. Expected: the value of "next" from the page before. */
                after?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /**
                 * @description The session, percent-encoded
                 * @example chat-17
                 */
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionDetail"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_spans: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description Rows of the page. Expected: a whole number from 1 to 1000.
                 * @example 50
                 */
                limit?: number;
                /** @description Where the page before ended: its `next`. Expected: the value of "next" from the page before. */
                after?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of spans */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SpanList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_span: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description 16 hex digits, or the exchange's UUID */
                span_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The span */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SpanDetail"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such span */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_raw: {
        parameters: {
            query?: {
                /**
                 * @description The bytes of this body, instead of both in JSON. Expected: one of request, response.
                 * @example response
                 */
                part?: "request" | "response";
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description 16 hex digits, or the exchange's UUID */
                span_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Both bodies; with `part` the bytes of one */
            200: {
                headers: {
                    /** @description With `part`: bytes missing between the first and the last ones */
                    "x-llmtrace-omitted-bytes"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Raw"];
                    "application/octet-stream": string;
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such span, its bytes were not kept, or it had no such body */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_stats: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description By what the sums are told apart. Expected: 1 to 3 different ones of tenant_id, provider, dialect, operation, model, agent_id, user_id, session_id, environment, release, source, status, http_status, end_reason, separated by commas.
                 * @example [
                 *       "model",
                 *       "agent_id"
                 *     ]
                 */
                group_by?: ("tenant_id" | "provider" | "dialect" | "operation" | "model" | "agent_id" | "user_id" | "session_id" | "environment" | "release" | "source" | "status" | "http_status" | "end_reason")[];
                /**
                 * @description Steps of time, aligned in UTC, in which the sums are told apart too; at most 1000 of them. Expected: one of 1m, 5m, 15m, 1h, 6h, 1d.
                 * @example 1d
                 */
                interval?: "1m" | "5m" | "15m" | "1h" | "6h" | "1d";
                /**
                 * @description What else is added up: the period of the same length before `from`. Expected: previous.
                 * @example previous
                 */
                compare?: "previous";
                /**
                 * @description Greatest first by this. Expected: one of requests, errors, cost, tokens.
                 * @example requests
                 */
                order?: "requests" | "errors" | "cost" | "tokens";
                /**
                 * @description Groups kept; the others are added up in `rest`. Expected: a whole number from 1 to 1000.
                 * @example 20
                 */
                limit?: number;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sums */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    follow_tail: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events `span` and `dropped` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Span"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_tenants: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tenants */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_tenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tenant */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_tenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its spans are to be erased; the receipt as it is now */
            202: {
                headers: {
                    /** @description The path of its receipt */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_credentials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's name */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The credentials, without the credentials themselves */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_credential: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's name */
                tenant_id: string;
                /** @description The upstream's name */
                upstream: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The credential, without the credential itself */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_credential: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is replaced, or `*` */
                "If-Match"?: string | null;
                /** @description `*`: there is none yet */
                "If-None-Match"?: string | null;
            };
            path: {
                /** @description The tenant's name; it need not have been seen */
                tenant_id: string;
                /** @description The upstream's name, one of those that are configured */
                upstream: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CredentialBody"];
            };
        };
        responses: {
            /** @description The credential, replaced */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            /** @description The credential, stored */
            201: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none to replace */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There are too many, or there is no master key to seal it with */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It was changed meanwhile, or there is one already */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match and If-None-Match are missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_credential: {
        parameters: {
            query?: never;
            header: {
                /** @description The `ETag` of what is deleted, or `*` */
                "If-Match": string;
            };
            path: {
                /** @description The tenant's name */
                tenant_id: string;
                /** @description The upstream's name; it need not be configured any more */
                upstream: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It was changed meanwhile */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's name; it need not have been seen */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What applies */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Retention"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's name; it need not have been seen */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetentionBody"];
            };
        };
        responses: {
            /** @description What applies now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Retention"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's name */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has none */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_settings: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's name; it need not have been seen */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its settings */
            200: {
                headers: {
                    /** @description Their version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Settings"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_settings: {
        parameters: {
            query?: never;
            header: {
                /** @description The `ETag` of what is changed, or `*` */
                "If-Match": string;
            };
            path: {
                /** @description The tenant's name; it need not have been seen */
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettingsBody"];
            };
        };
        responses: {
            /** @description Its settings, changed */
            200: {
                headers: {
                    /** @description Their version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Settings"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another tenant is named in the header */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many tenants have settings */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description They were changed meanwhile */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_top: {
        parameters: {
            query: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description By what the sums are told apart. Expected: one of tenant_id, provider, dialect, operation, model, agent_id, user_id, session_id, environment, release, source, status, http_status, end_reason. It must be given.
                 * @example model
                 */
                by: "tenant_id" | "provider" | "dialect" | "operation" | "model" | "agent_id" | "user_id" | "session_id" | "environment" | "release" | "source" | "status" | "http_status" | "end_reason";
                /**
                 * @description What is compared. Expected: one of cost, requests, errors, error_rate, tokens, duration_p95, time_to_first_token_p95.
                 * @example cost
                 */
                measure?: "cost" | "requests" | "errors" | "error_rate" | "tokens" | "duration_p95" | "time_to_first_token_p95";
                /**
                 * @description Groups kept. Expected: a whole number from 1 to 100.
                 * @example 10
                 */
                limit?: number;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The greatest changes, up or down */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Top"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_traces: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description Rows of the page. Expected: a whole number from 1 to 1000.
                 * @example 50
                 */
                limit?: number;
                /** @description Where the page before ended: its `next`. Expected: the value of "next" from the page before. */
                after?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of traces */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TraceList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_trace: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description 32 hex digits */
                trace_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The trace */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TraceDetail"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such trace */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_trace: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description 32 hex digits */
                trace_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is to be erased; the receipt as it is now */
            202: {
                headers: {
                    /** @description The path of its receipt */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_users: {
        parameters: {
            query?: {
                /**
                 * @description Started at or after. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                from?: string;
                /**
                 * @description Started before. Expected: an RFC 3339 time such as 2026-01-31T12:00:00Z (a "+" in it is sent as %2B).
                 * @example 2026-01-31T12:00:00Z
                 */
                until?: string;
                /**
                 * @description Belongs to this trace. Expected: 32 hex digits, not all zero.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace_id?: string;
                /**
                 * @description Belongs to this session. Expected: 1 to 1024 characters of text.
                 * @example chat-17
                 */
                session_id?: string;
                /**
                 * @description Sent by this agent. Expected: 1 to 1024 characters of text.
                 * @example support-bot
                 */
                agent_id?: string;
                /**
                 * @description Sent for this user. Expected: 1 to 1024 characters of text.
                 * @example user-4711
                 */
                user_id?: string;
                /**
                 * @description Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text.
                 * @example [
                 *       "demo"
                 *     ]
                 */
                tag?: string[];
                /**
                 * @description Sent from this environment. Expected: 1 to 1024 characters of text.
                 * @example production
                 */
                environment?: string;
                /**
                 * @description Sent by this release. Expected: 1 to 1024 characters of text.
                 * @example 1.2.3
                 */
                release?: string;
                /**
                 * @description Went to this provider. Expected: 1 to 1024 characters of text.
                 * @example openai
                 */
                provider?: string;
                /**
                 * @description In this wire format. Expected: 1 to 1024 characters of text.
                 * @example openai_chat
                 */
                dialect?: string;
                /**
                 * @description Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text.
                 * @example chat
                 */
                operation?: string;
                /**
                 * @description Asked for or answered by this model. Expected: 1 to 1024 characters of text.
                 * @example gpt-4o
                 */
                model?: string;
                /**
                 * @description Known to us in this way. Expected: one of proxy, otlp.
                 * @example proxy
                 */
                source?: "proxy" | "otlp";
                /**
                 * @description Went well or not. Expected: one of ok, error.
                 * @example error
                 */
                status?: "ok" | "error";
                /**
                 * @description The client saw this HTTP status. Expected: a whole number from 100 to 599.
                 * @example 429
                 */
                http_status?: number;
                /**
                 * @description Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted.
                 * @example client_gone
                 */
                end_reason?: "complete" | "client_gone" | "upstream_failed" | "timed_out" | "cut" | "refused" | "blocked" | "interrupted";
                /**
                 * @description Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any.
                 * @example any
                 */
                finding?: "injection" | "jailbreak" | "hidden_text" | "encoded" | "tool_poisoning" | "tool_misuse" | "exfiltration" | "secret" | "pii" | "system_prompt_leak" | "canary_leak" | "toxicity" | "self_harm" | "code_risk" | "any";
                /**
                 * @description Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                min_cost_usd?: string;
                /**
                 * @description Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025.
                 * @example 0.01
                 */
                max_cost_usd?: string;
                /**
                 * @description Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_duration_ms?: string;
                /**
                 * @description Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_duration_ms?: string;
                /**
                 * @description Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                min_time_to_first_token_ms?: string;
                /**
                 * @description Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25.
                 * @example 1500
                 */
                max_time_to_first_token_ms?: string;
                /**
                 * @description Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                min_tokens?: number;
                /**
                 * @description Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991.
                 * @example 1000
                 */
                max_tokens?: number;
                /**
                 * @description Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms.
                 * @example refund order 1234
                 */
                text?: string;
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
                /**
                 * @description Greatest first by this. Expected: one of requests, errors, cost, tokens.
                 * @example cost
                 */
                order?: "requests" | "errors" | "cost" | "tokens";
                /**
                 * @description Rows kept. Expected: a whole number from 1 to 1000.
                 * @example 50
                 */
                limit?: number;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The end users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_views: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The saved views */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ViewList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_view: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ViewBody"];
            };
        };
        responses: {
            /** @description The saved view */
            201: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    /** @description Its path */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There are too many */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_view: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header?: {
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Its UUID */
                view_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The saved view */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such view */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replace_view: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header: {
                /** @description The `ETag` of what is changed, or `*` */
                "If-Match": string;
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Its UUID */
                view_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ViewBody"];
            };
        };
        responses: {
            /** @description The saved view, changed */
            200: {
                headers: {
                    /** @description Its version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description A parameter or the body is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such view */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It was changed meanwhile */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is no JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_view: {
        parameters: {
            query?: {
                /**
                 * @description Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
                 * @example default
                 */
                tenant_id?: string;
            };
            header: {
                /** @description The `ETag` of what is deleted, or `*` */
                "If-Match": string;
                /** @description Narrows the question to this tenant, as `tenant_id` does. */
                "X-LLMTrace-Tenant-ID"?: string;
            };
            path: {
                /** @description Its UUID */
                view_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A key or a login is needed, and there is none that opens */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role is too low, the tenant another's, or the host not served */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such view */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It was changed meanwhile */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The question covers more than is looked at for one answer; the problem says the bound and how to ask for less */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match is missing */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This address has shown too many unknown keys */
            429: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is broken, its cause is in the log */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The store is away or slow */
            503: {
                headers: {
                    /** @description Seconds after which to try again */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state of each dependency */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    livez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It answers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every metric */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It serves */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description It is starting or stopping */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
}
