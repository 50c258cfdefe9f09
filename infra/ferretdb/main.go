// Command ferretdb serves the MongoDB protocol from the embedded stack's PostgreSQL: plain, or by TLS to
// clients with a certificate of the stack's authority. A client's user and password are PostgreSQL's.
// It is built with reads.patch (decision 0044).
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
		Listener: ferretdb.ListenerConfig{
			TCP:         os.Getenv("FERRETDB_LISTEN"),
			TLS:         os.Getenv("FERRETDB_LISTEN_TLS"),
			TLSCertFile: os.Getenv("FERRETDB_TLS_CERT_FILE"),
			TLSKeyFile:  os.Getenv("FERRETDB_TLS_KEY_FILE"),
			TLSCAFile:   os.Getenv("FERRETDB_TLS_CA_FILE"),
		},
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
