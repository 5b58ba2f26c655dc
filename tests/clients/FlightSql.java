import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

/** What JDBC's Flight SQL driver does with a node: asks, binds, is refused, lists. */
public final class FlightSql {
    private FlightSql() {}

    /** Arguments: HOST:PORT, then names and values of the connection's properties. */
    public static void main(final String[] arguments) throws Exception {
        final var properties = new Properties();
        for (int at = 1; at < arguments.length; at += 2) {
            properties.put(arguments[at], arguments[at + 1]);
        }
        final var url = "jdbc:arrow-flight-sql://" + arguments[0] + "/?useEncryption=true";
        try (var connection = DriverManager.getConnection(url, properties)) {
            try (var statement = connection.createStatement()) {
                show("rows", statement.executeQuery(
                    "SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY origin"));
            }
            try (var statement = connection.prepareStatement(
                    "SELECT count(*) FROM flights WHERE origin = ? AND departure_delay > CAST(? AS INTEGER)")) {
                statement.setString(1, "JFK");
                statement.setString(2, "10");
                show("bound", statement.executeQuery());
            }
            try (var statement = connection.createStatement()) {
                statement.executeQuery("SELECT note FROM flights");
            } catch (SQLException error) {
                System.out.println("refused " + error.getMessage());
            }
            final var facts = connection.getMetaData();
            System.out.println("product " + facts.getDatabaseProductName());
            System.out.println("transactions " + facts.supportsTransactions());
            System.out.println("most " + facts.getMaxConnections());
            show("schema", facts.getSchemas());
            show("column", facts.getColumns(null, "ua", "flights", "%"));
            show("keys", facts.getPrimaryKeys(null, "ua", "flights"));
        }
    }

    private static void show(final String word, final ResultSet found) throws SQLException {
        try (found) {
            final int columns = Math.min(found.getMetaData().getColumnCount(), 4);
            while (found.next()) {
                final var line = new StringBuilder(word);
                for (int column = 1; column <= columns; column++) {
                    line.append(' ').append(found.getString(column));
                }
                System.out.println(line);
            }
        }
    }
}
