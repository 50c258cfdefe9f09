// Command ferretdb serves the MongoDB protocol from the embedded stack's PostgreSQL.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:      ferretdb.ListenerConfig{TCP: os.Getenv("FERRETDB_LISTEN")},
		Handler:       "postgresql",
		PostgreSQLURL: os.Getenv("FERRETDB_POSTGRESQL_URL"),
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
