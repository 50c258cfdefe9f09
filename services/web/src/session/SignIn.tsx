/** Asks for an access token, and where the token does not say it, for the workspace. */
import type { ListedWorkspace } from "@agentbus/contracts";
import { Alert, Button, Center, Code, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiProblem, request } from "~/api/http";
import { Mark } from "~/frame/Mark";
import { type Session, sessionOf, within } from "./session";

interface Props {
  why: string;
  /** A token that came with the address. */
  arriving: string;
  onSession: (session: Session) => void;
}

export function SignIn({ why, arriving, onSession }: Props) {
  const [token, setToken] = useState(arriving);
  const [workspace, setWorkspace] = useState<string | null>(null);
  const [error, setError] = useState("");
  const [asking, setAsking] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const session = sessionOf(token.trim());
    if (!session) return setError("This is no access token. It has three parts with dots, or begins with ab_.");
    if (session.expiresAt !== null && session.expiresAt < Date.now()) return setError("This token has expired.");
    if (session.workspaceId !== "") return onSession(session);
    setAsking(true);
    try {
      onSession(await located(session, workspace ?? ""));
    } catch (problem) {
      if (problem instanceof ApiProblem && problem.code === "workspace_required") setWorkspace("");
      else setError((problem as Error).message);
    } finally {
      setAsking(false);
    }
  };
  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper component="form" onSubmit={(event) => void submit(event)} withBorder p="xl" w="100%" maw={420}>
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
          {workspace !== null && (
            <TextInput
              label="Workspace"
              description="You are in several; say in which one you want to begin."
              value={workspace}
              onChange={(event) => setWorkspace(event.currentTarget.value)}
            />
          )}
          <Button type="submit" loading={asking} disabled={token.trim() === "" || workspace?.trim() === ""}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}

/** Returns the session in the workspace that is wished for, else in the caller's only one; raises ApiProblem. */
async function located(session: Session, wish: string): Promise<Session> {
  const wishing = { ...session, workspaceId: wish.trim() };
  const { body } = await request<ListedWorkspace[]>(wishing, "/api/v3/workspaces");
  const found = body.find(({ workspace_id }) => workspace_id === wishing.workspaceId) ?? body[0];
  if (!found) throw new ApiProblem(404, "no_workspace", "You are in no workspace yet. Ask an administrator for one.");
  return within(session, found);
}
