/** Asks for an access token; nothing leaves the browser until one is there. */
import { Alert, Button, Center, Code, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Mark } from "~/frame/Mark";
import { type Session, sessionOf } from "./session";

export function SignIn({ why, onSession }: { why: string; onSession: (session: Session) => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const session = sessionOf(token.trim());
    if (!session) setError("This is no access token. It has three parts with dots, or begins with ab_.");
    else if (session.expiresAt !== null && session.expiresAt < Date.now()) setError("This token has expired.");
    else onSession(session);
  };
  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper component="form" onSubmit={submit} withBorder p="xl" w="100%" maw={420}>
        <Stack>
          <Mark />
          <div>
            <Title order={1}>Sign in</Title>
            <Text c="var(--quiet)" size="sm" mt={4}>
              Open the address that <Code>make up</Code> prints, or paste a token from{" "}
              <Code>agentbus token --user me</Code>.
            </Text>
          </div>
          {why && <Alert color="yellow">{why}</Alert>}
          <PasswordInput
            label="Access token"
            value={token}
            error={error}
            autoComplete="off"
            data-autofocus
            autoFocus
            onChange={(event) => {
              setToken(event.currentTarget.value);
              setError("");
            }}
          />
          <Button type="submit" disabled={token.trim() === ""}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
