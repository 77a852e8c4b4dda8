# SPDX-License-Identifier: MIT
# Work for perl that allocates in many ways and prints what does not depend on time or place.
use strict;
use warnings;

my $state = 42;
sub number { $state = ($state * 1103515245 + 12345) % 2147483648; return $state >> 8 }

sub hashes {
    my %table;
    for (1 .. 80_000) {
        my $n = number();
        push @{ $table{ $n % 3000 } }, "value$n";
        delete $table{ $n % 2999 } if $n % 5 == 0;
    }
    my $total = 0;
    $total += scalar @{ $table{$_} } for sort { $a <=> $b } keys %table;
    return scalar(keys %table) . " keys, $total values";
}

sub strings {
    my $text = join ' ', map { 'w' x (number() % 20) . number() } 1 .. 20_000;
    my $digits = () = $text =~ /\d+/g;
    (my $changed = $text) =~ s/(\d)(\d)/$2$1/g;
    my %seen;
    $seen{ length $_ }++ for split / /, $changed;
    return "$digits numbers, " . join ',', map {"$_=$seen{$_}"} sort { $a <=> $b } keys %seen;
}

sub sorting {
    my @lines = map { sprintf '%05d-%s', number() % 10_000, chr( 97 + number() % 26 ) x ( number() % 9 ) }
        1 .. 30_000;
    my @sorted = sort { $b cmp $a } @lines;
    my $checksum = 0;
    $checksum = ($checksum * 31 + unpack '%32C*', $_) % 1_000_003 for @sorted;
    return "$sorted[0] $checksum";
}

sub closures {
    my @steps = map { my $n = $_; sub { return $_[0] * $n % 1009 + 1 } } 1 .. 3000;
    my $value = 1;
    $value = $_->($value) for @steps;
    return $value;
}

sub children {
    my @answers;
    for my $n ( 1 .. 8 ) {
        my $pid = open( my $child, '-|' ) // die "fork: $!";
        if ( !$pid ) {
            my @list = map { 'x' x $_ } 1 .. 100 * $n;
            print scalar(@list), ' ', length( join '', @list ), "\n";
            exit 0;
        }
        push @answers, <$child>;
        close $child or die "child: $?";
    }
    chomp @answers;
    return join '; ', @answers;
}

print hashes(),   "\n";
print strings(),  "\n";
print sorting(),  "\n";
print closures(), "\n";
$| = 1;
print children(), "\n";
